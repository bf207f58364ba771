"""What customers do.

Every submit is one event, and ends in one of four ways: applied; rejected, with the reason on the
form; waiting, on a page that follows the receipt; or not sent, with the form still filled in. A
basket is an event for each line, and the page of the order says how each of them ended.
"""

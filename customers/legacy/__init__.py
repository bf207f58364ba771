"""The messages of the shop that this one descends from: bare JSON, without key or headers."""

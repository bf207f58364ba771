"""What the event path costs, always as a ratio of two things run in turn: docs/performance.md."""

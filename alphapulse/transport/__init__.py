"""Transport: connected, reliable streams of bytes between processes. It knows no message."""

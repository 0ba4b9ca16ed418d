"""The control plane: REST, WebSocket and the dashboard's files, under a guarded Hypercorn in the daemon's own loop."""

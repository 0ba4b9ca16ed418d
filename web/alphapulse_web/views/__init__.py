"""What the control plane keeps of the bus: its own replica, as a consumer like any other."""

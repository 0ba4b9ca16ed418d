"""The tables of the configuration by subject: keys, types and ranges, and what they must be among themselves. Pure."""

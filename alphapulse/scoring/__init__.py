"""Scoring: what our own engine finds in data whose answers others have worked out."""

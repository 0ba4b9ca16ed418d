"""The API under `/api/v1`: shapes, routes and their handlers."""

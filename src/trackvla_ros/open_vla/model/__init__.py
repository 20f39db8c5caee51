"""The networks of the open family (torch): towers, backbone, heads, strict loading."""

"""The command `trackvla`: thin, imports lazily."""

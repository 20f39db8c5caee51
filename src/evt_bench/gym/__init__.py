"""Following by the rules of Gym-UnrealCV's tracking benchmark, in five scene styles."""

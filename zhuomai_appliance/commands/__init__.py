"""The commands of , one module each."""

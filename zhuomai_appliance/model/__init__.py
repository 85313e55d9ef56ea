"""What the house talks about: money, moments, traffic, people, products, sessions. Values only."""

"""What a purchase, a use and a refund mean in fen and time: pure rules over values."""

"""What to send when nobody says what: requests drawn from the contract itself."""

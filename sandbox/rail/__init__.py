"""Two pretend payout rails: GIRO pays bank accounts within a day, PUSH pays cards at once."""

"""Two pretend card acquirers and their vault: cards, challenges, money, webhooks, and lies."""

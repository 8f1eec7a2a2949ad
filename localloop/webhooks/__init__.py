"""What leaves by HTTP: one outbound client and its address guard; sign, send, retry, fall back, record."""

"""Conversations by WhatsApp: what people write is kept, understood and answered."""

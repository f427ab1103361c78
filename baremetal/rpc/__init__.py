"""The bus between services: transports, and one contract per service."""

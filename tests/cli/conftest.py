from web_server import server

__all__ = ["server"]

"""The shapes of replies about accounts of one's own."""

from service.web.shapes import Shape, UserShape


class AcceptedShape(Shape):
    """Nothing: what comes of it goes by mail."""


class RegisteredShape(Shape):
    """Who has an account now."""

    user: UserShape

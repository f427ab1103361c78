"""Links of resources, as raw JSON: they are most of what a list has to say."""

from collections.abc import Callable


def own(collection: str) -> Callable[[str, str], str]:
    """A resource's links to itself."""

    def links(base: str, ident: str) -> str:
        return _pair(base, f"{collection}/{ident}")

    return links


def below(collection: str, part: str) -> Callable[[str, str], str]:
    """A resource's links to a part of it."""

    def links(base: str, ident: str) -> str:
        return _pair(base, f"{collection}/{ident}/{part}")

    return links


def _pair(base: str, path: str) -> str:
    return (
        f'[{{"href":"{base}/v1/{path}","rel":"self"}},{{"href":"{base}/{path}","rel":"bookmark"}}]'
    )

"""What AUDIT_CHECKPOINT_SINK may say: what a worker would find out too late. All raise ValueError."""

from importlib.util import find_spec
from urllib.parse import SplitResult, parse_qsl, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
S3_LIBRARY = "obstore"


def check_sink(sink: SplitResult) -> None:
    """Refuse what is no absolute path, `file:`, `https:` or `s3:` address."""
    if sink.scheme == "s3":
        _check_bucket(sink)
        return
    file = sink.scheme in {"", "file"} and not sink.netloc and sink.path.startswith("/")
    if not (file or (_is_web(sink) and sink.username is None)):
        message = (
            "must be an absolute path, file:///path, an https:// address without a password, "
            "or s3://bucket/prefix?endpoint=https://host&region=name"
        )
        raise ValueError(message)


def _check_bucket(sink: SplitResult) -> None:
    options = dict(parse_qsl(sink.query, keep_blank_values=True))
    endpoint = options.get("endpoint")
    if not sink.netloc or "@" in sink.netloc or options.keys() - {"endpoint", "region"}:
        message = "write s3://bucket/prefix?endpoint=https://host&region=name, and nothing else"
        raise ValueError(message)
    if endpoint is not None and not _is_web(urlsplit(endpoint)):
        message = "its endpoint must be an https:// address"
        raise ValueError(message)
    if find_spec(S3_LIBRARY) is None:
        message = (
            "s3:// needs the extra s3, which is not installed: "
            "pip install --require-hashes -r requirements.txt -r requirements-s3.txt"
        )
        raise ValueError(message)


def _is_web(address: SplitResult) -> bool:
    """HTTPS, or HTTP to this machine."""
    here = address.scheme == "http" and address.hostname in LOOPBACK
    return here or (address.scheme == "https" and bool(address.hostname))

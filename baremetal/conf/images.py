"""The image service, and the stores that it keeps images in."""

from oslo_config import cfg, types

GROUP = "images"
OPTS = [
    cfg.ListOpt(
        "stores",
        default=["local"],
        help="Names of the stores for images. Each has a section of its own, [store:NAME], with "
        "its 'driver' (file, s3, swift, rbd...), what that driver takes (root, endpoint, "
        "bucket...), a 'prefix' for the names of objects, and 'use', a list of what it may be "
        "used for. The store 'local' needs no section: files in state_dir/images.",
    ),
    cfg.StrOpt(
        "default_store",
        default="local",
        help="The store that images go to if nobody names another one.",
    ),
    cfg.IntOpt(
        "max_size_gib",
        default=1024,
        min=1,
        max=65536,
        help="Largest image, GiB. An upload ends with 413 where it becomes larger.",
    ),
    cfg.IntOpt(
        "imports_at_once",
        default=8,
        min=1,
        max=128,
        help="Imports that one data service carries out at the same time; others wait in the "
        "queue.",
    ),
    cfg.IntOpt(
        "ticket_seconds",
        default=0,
        min=0,
        max=604800,
        help="Longest life of a ticket, seconds: a URL by which whoever has it reads an image's "
        "data without credentials. 0: there are none, and those that there were are refused.",
    ),
    cfg.ListOpt(
        "download_schemes",
        default=["http", "https"],
        item_type=types.String(choices=["http", "https"]),
        help="How web-download may fetch.",
    ),
    cfg.ListOpt(
        "download_hosts",
        default=[],
        help="The hosts that web-download may fetch from, where redirections lead to included: "
        "names, with * for any part of one (*.example.org), or addresses. Empty: all.",
    ),
    cfg.ListOpt(
        "download_ports",
        default=[],
        item_type=types.Port(),
        help="The ports that web-download may fetch from, 80 and 443 for most servers of the "
        "web. Empty: all.",
    ),
    cfg.BoolOpt(
        "download_local",
        default=False,
        help="Whether web-download may fetch from the machine of the data service itself "
        "(127.0.0.0/8, ::1), from link-local addresses (such as 169.254.169.254, where clouds "
        "have secrets) and from multicast ones. Private networks may always be fetched from.",
    ),
]

#: In each [store:NAME], beside what its driver declares.
STORE_OPTS = [
    cfg.StrOpt("driver", default="file", help="The kind of store, as its URIs begin."),
    cfg.StrOpt("prefix", default="", help="What the names of objects begin with: bucket/folder/."),
    cfg.StrOpt("use", default="", help="What it may be used for, with commas; empty: everything."),
    cfg.BoolOpt(
        "signed_urls",
        default=False,
        help="Whether a ticket may be a URL of the store itself, where it has such (s3; swift with "
        "temp_url_key). Clients must reach it; it works until it expires, whatever becomes of the "
        "image.",
    ),
    cfg.StrOpt(
        "accel_redirect",
        default="",
        help="Of a store of files: the internal location by which the nginx before the API has its "
        "root, such as /image-data/. Downloads are sent by nginx then, so all callers must come "
        "through it.",
    ),
    cfg.StrOpt("description", default="", help="A sentence for those who choose a store."),
]

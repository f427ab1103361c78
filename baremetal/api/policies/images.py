"""Images: they belong to a project, which may share them, or show them to all."""

from baremetal.auth.rules import (
    ADMIN,
    IMAGE_ANSWERER,
    IMAGE_MEMBER,
    IMAGE_READER,
    IMAGE_SHARER,
    MEMBER,
    OVERSEERS,
    PUBLIC_READER,
    READER,
    SERVICE,
    SYSTEM_MEMBER,
    Rule,
)

_CHANGERS = (ADMIN, SERVICE, SYSTEM_MEMBER, IMAGE_MEMBER)
_SEERS = (*OVERSEERS, IMAGE_READER, IMAGE_SHARER, PUBLIC_READER)

GET = Rule("baremetal:image:get", "See an image.", _SEERS, of="image")
LIST_ALL = Rule("baremetal:image:list_all", "List everybody's images.", OVERSEERS)
LIST = Rule(
    "baremetal:image:list",
    "List the images of one's own project, and those that it may use.",
    (ADMIN, SERVICE, READER),
    all=LIST_ALL,
)
CREATE = Rule(
    "baremetal:image:create",
    "Add an image to one's own project.",
    (ADMIN, SERVICE, MEMBER),
)
UPDATE = Rule("baremetal:image:update", "Change an image, and its tags.", _CHANGERS, of="image")
UPDATE_OWNER = Rule(
    "baremetal:image:update:owner",
    "Give an image to another project, or add one there.",
    (ADMIN, SERVICE),
)
UPDATE_PUBLIC = Rule(
    "baremetal:image:update:public", "Show an image to all projects.", (ADMIN, SERVICE)
)
DELETE = Rule("baremetal:image:delete", "Delete an image.", _CHANGERS, of="image")
UPLOAD = Rule("baremetal:image:upload", "Put data into an image.", _CHANGERS, of="image")
IMPORT = Rule(
    "baremetal:image:import",
    "Import data into an image, or copy it between stores.",
    _CHANGERS,
    of="image",
)
IMPORT_WEB = Rule(
    "baremetal:image:import:web",
    "Let the service download data, from wherever it can reach.",
    (ADMIN, SERVICE, SYSTEM_MEMBER),
)
DOWNLOAD = Rule("baremetal:image:download", "Read the data of an image.", _SEERS, of="image")
TICKET = Rule(
    "baremetal:image:ticket",
    "Get a ticket, by which whoever has it reads an image's data for a while; one must be allowed "
    "to read it oneself.",
    _CHANGERS,
    of="image",
)
DEACTIVATE = Rule(
    "baremetal:image:deactivate", "Keep an image's data from being read.", (ADMIN,), of="image"
)
REACTIVATE = Rule(
    "baremetal:image:reactivate", "Let an image's data be read again.", (ADMIN,), of="image"
)
GET_MEMBERS = Rule(
    "baremetal:image:get_members",
    "See with whom an image is shared; those whom it is shared with see themselves alone.",
    (*OVERSEERS, IMAGE_READER, IMAGE_SHARER),
    of="image",
)
SHARE = Rule("baremetal:image:share", "Share an image, or no longer.", _CHANGERS, of="image")
ANSWER = Rule(
    "baremetal:image:answer",
    "Accept or reject, for one's own project, an image that is shared with it.",
    (ADMIN, IMAGE_ANSWERER),
    of="image",
)
GET_LOCATIONS = Rule(
    "baremetal:image:get_locations",
    "See where in the stores an image's data is.",
    (ADMIN, SERVICE),
    of="image",
)
LEAVE_STORE = Rule(
    "baremetal:image:leave_store",
    "Remove an image's data from one of its stores.",
    _CHANGERS,
    of="image",
)
GET_STORES = Rule("baremetal:image:get_stores", "See the stores there are.", (*OVERSEERS, READER))
GET_STORES_DETAIL = Rule(
    "baremetal:image:get_stores_detail", "See how the stores are set up.", (ADMIN,)
)

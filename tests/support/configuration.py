"""A configuration of defaults, for tests that wire rooms themselves."""

from pathlib import Path

from oslo_config import cfg

from baremetal import conf as options


def fresh_configuration(directory: Path, text: str = "") -> cfg.ConfigOpts:
    """All options at their defaults but for those in `text`, a file's, with state in `directory`.

    oslo.messaging registers some options on the global object alone, so it is used,
    with whatever an earlier test has set taken back.
    """
    conf = cfg.CONF
    conf.reset()
    conf.clear()
    options.register(conf)
    files = []
    if text:
        files = [str(directory / "test.conf")]
        Path(files[0]).write_text(text)
    conf([], project="baremetal", default_config_files=files, default_config_dirs=[])
    conf.set_override("state_dir", str(directory))
    return conf

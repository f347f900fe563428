"""Reads a configuration and the settings that swiftlet check makes of it with Python's own INI parser:
check_settings.py CONFIGURATION SETTINGS"""

import configparser
import sys


def read(path: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(
        delimiters="=", comment_prefixes=("#", ";"), inline_comment_prefixes=(";",), interpolation=None)
    with open(path, encoding="utf-8") as file:
        parser.read_file(file)
    return parser


def main(configuration: str, settings: str) -> None:
    said, effective = read(configuration), read(settings)
    count = 0
    for section in said.sections():
        for key, value in said[section].items():
            assert effective[section][key] == value, (section, key, value)
            count += 1
    assert count > 0 and effective["detect"]["resize"] == "fast" and int(effective["model"]["threads"]) > 0
    print(f"{configuration}: {count} keys hold, with defaults for {sum(map(len, effective.values())) - count}")


if __name__ == "__main__":
    main(*sys.argv[1:])

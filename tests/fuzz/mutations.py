"""Damage to files: cut, flipped, joined, and changed within their own format, digests and checksums made good again."""

from __future__ import annotations

import io
import json
import re
import struct
import warnings
import zipfile
import zlib
from random import Random
from typing import Any

import safetensors.numpy

from nn import tensor_files

TEXTS = ["", "$", "../../outside", "/etc/passwd", "x" * 3000, "\ud800", "\0", "F64", "model", "__class__", "1e999"]
NUMBERS = [0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 10**30, 0.5, -0.0, float("nan"), float("inf"), True, None]
REFUSED = (ValueError, TypeError, LookupError, AttributeError, RecursionError, EOFError, struct.error, zlib.error)
REFUSED += (OSError, RuntimeError, MemoryError, OverflowError, zipfile.BadZipFile)
REFUSED += (safetensors.SafetensorError,)
LENGTHS = [0, 1, 7, 255, 2**16, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1]


def mutated(rng: Random, name: str, data: bytes) -> bytes:
    """The content of a file, changed in one to three places."""
    kinds = [flipped, cut, joined, with_length, *BY_SUFFIX.get(name.rpartition(".")[2], [])]
    weights = [1] * 4 + [4] * (len(kinds) - 4)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        try:
            data = rng.choices(kinds, weights)[0](rng, data)
        except REFUSED:
            pass  # an earlier change has left nothing of the format
    return data


# Any file -------------------------------------------------------------------------------------------------------------


def flipped(rng: Random, data: bytes) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(rng.choice([1, 1, 2, 8])):
        i = rng.randrange(min(len(changed), rng.choice([8, 64, 512, len(changed)])))
        changed[i] = rng.choice([changed[i] ^ 1 << rng.randrange(8), rng.randrange(256), 0, 255])
    return bytes(changed)


def cut(rng: Random, data: bytes) -> bytes:
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return rng.choice([data[:a], data[a:], data[:a] + data[b:]])


def joined(rng: Random, data: bytes) -> bytes:
    """With a piece of itself, or a run of one byte, put in somewhere."""
    a, b, c = (rng.randrange(len(data) + 1) for _ in range(3))
    piece = rng.choice([data[a:b], rng.randbytes(rng.choice([1, 4, 300])), bytes([rng.randrange(256)]) * 2000])
    return data[:c] + piece + data[c:]


def with_length(rng: Random, data: bytes) -> bytes:
    """With a number of 4 or 8 bytes somewhere, most likely near an end."""
    width, order = rng.choice([4, 8]), rng.choice(["little", "big"])
    number = (rng.choice(LENGTHS) % 2 ** (8 * width)).to_bytes(width, order)
    i = rng.choice([0, 4, 8, rng.randrange(len(data) + 1), max(len(data) - rng.randrange(1, 60), 0)])
    return data[:i] + number + data[i + width :]


# JSON -----------------------------------------------------------------------------------------------------------------


def odd_value(rng: Random) -> Any:
    deep: Any = 0
    for _ in range(rng.choice([1, 3, 200])):
        deep = rng.choice([[deep], {"$": ["tuple", [deep]]}, {"a": deep}])
    return rng.choice([rng.choice(TEXTS), rng.choice(NUMBERS), [], {}, deep, [rng.choice(NUMBERS)] * 50])


def some_place(rng: Random, value: Any) -> tuple[Any, Any] | None:
    """A container in a value, with one of its keys, found on a way from the outside in; None where there is none.

    So each member of a table is as likely as the next, however many numbers lie in one of them.
    """
    found = None
    while isinstance(value, (dict, list)) and value and (found is None or rng.random() < 0.8):
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        found, value = (value, key), value[key]
    return found


def changed_json(rng: Random, content: Any) -> Any:
    """A value of JSON with something else in one place, which may be a key."""
    found, another = some_place(rng, content), some_place(rng, content)
    if found is None or another is None:
        return odd_value(rng)
    (container, key), (other, there) = found, another
    change = rng.randrange(5)
    if change == 0 and isinstance(container, dict):
        container[rng.choice([*TEXTS, str(there)])] = container.pop(key)
    elif change == 1:
        del container[key]
    elif change == 2:
        container[key] = json.loads(json.dumps(other[there]))
    elif change == 3 and type(container[key]) is int:
        container[key] += rng.choice([-1, 1, 8, -8, 2**32])
    else:
        container[key] = odd_value(rng)
    return content


def json_text(rng: Random, data: bytes) -> bytes:
    if rng.random() < 0.02:  # deeper than Python's stack
        return b'{"format":' * 100_000 if rng.random() < 0.5 else b"[" * 200_000
    return json.dumps(changed_json(rng, json.loads(data))).encode("utf-8", "surrogatepass")


def lines_of_text(rng: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines) if rng.random() < 0.2 else lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines) * 2)
    return b"\n".join(lines)


def embedded_json(rng: Random, data: bytes) -> bytes:
    """A page with another value in the data of one of its script elements."""
    found = rng.choice(
        [*re.finditer(rb'<script type="application/json"(?: id="\w+")?>(.*?)</script>', data, re.DOTALL)]
    )
    text = json.dumps(changed_json(rng, json.loads(found[1]))).encode("utf-8", "surrogatepass")
    return data[: found.start(1)] + text.replace(b"<", b"\\u003c") + data[found.end(1) :]


def cells(rng: Random, data: bytes) -> bytes:
    """Lines of comma-separated values with one or two cells changed."""
    lines = [line.split(b",") for line in data.split(b"\n")]
    for _ in range(rng.choice([1, 2])):
        line = rng.choice(lines)
        line[rng.randrange(len(line))] = str(rng.choice([*NUMBERS, *TEXTS, 10**400])).encode("utf-8", "surrogatepass")
    return b"\n".join(b",".join(line) for line in lines)


# safetensors, npz, IDX, PNG -------------------------------------------------------------------------------------------


def safetensors_header(rng: Random, data: bytes) -> bytes:
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(changed_json(rng, json.loads(data[8 : 8 + length]))).encode("utf-8", "replace")
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def safetensors_metadata(rng: Random, data: bytes) -> bytes:
    """With another value in the JSON that stands in the metadata."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    meta = header["__metadata__"]
    key = rng.choice(list(meta))
    meta[key] = json.dumps(changed_json(rng, json.loads(meta[key])))
    text = json.dumps(header).encode("utf-8", "replace")
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def resealed(rng: Random, data: bytes) -> bytes:
    """A checkpoint with another value in its JSON, and with the digest of what it holds now."""
    arrays, length = safetensors.numpy.load(data), int.from_bytes(data[:8], "little")
    content = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][tensor_files.JSON])
    value = changed_json(rng, content["value"])
    text = json.dumps({"sha256": tensor_files._digest(value, arrays), "value": value})
    return safetensors.numpy.save(arrays, {tensor_files.JSON: text})


def zip_members(rng: Random, data: bytes) -> bytes:
    """An archive anew: members changed, renamed, doubled, packed, or made into a bomb."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    i = rng.randrange(len(members))
    name, content = members[i]
    change = rng.randrange(6)
    if change == 0:
        content = mutated(rng, name, content)
    elif change == 1:
        name = rng.choice(["../outside.npy", "/tmp/outside.npy", "a/../../b.npy", "\\\\x.npy", "chainrule.json", ""])
    elif change == 2:
        members.insert(i, members[rng.randrange(len(members))])
    elif change == 3:
        content = content + bytes(rng.choice([1 << 10] * 8 + [1 << 20] * 4 + [1 << 23]))  # packed, a thousandth of that
    elif change == 4:
        del members[rng.randrange(len(members))]
    members[i : i + 1] = [(name, content)]
    out = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            method = zipfile.ZIP_DEFLATED if change == 3 or rng.random() < 0.2 else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def npy_header(rng: Random, data: bytes) -> bytes:
    length = int.from_bytes(data[8:10], "little")
    header = data[10 : 10 + length].decode("latin1")
    for old, new in (("(", f"({rng.choice(LENGTHS)},"), ("<f4", rng.choice(["|O", "<U9", "V3", "<f8"])), ("F", "T")):
        if rng.random() < 0.4:
            header = header.replace(old, new, 1)
    text = (header.strip() + rng.choice(["", "#", "()" * 500, "[" * 300])).ljust(length - 1)[:60_000] + "\n"
    return data[:8] + len(text).to_bytes(2, "little") + text.encode("latin1") + data[10 + length :]


def idx_header(rng: Random, data: bytes) -> bytes:
    dims = rng.choice([0, 1, 3, 33, 65, 255])
    sizes = b"".join((rng.choice(LENGTHS) % 2**32).to_bytes(4, "big") for _ in range(dims))
    return bytes([0, 0, rng.choice([8, 9, 11, 12, 13, 14, 7]), dims]) + sizes + data[4:]


def png_chunks(rng: Random, data: bytes) -> bytes:
    """A PNG with a chunk changed, doubled or left out, its checksum as it should be."""
    chunks, i = [], 8
    while i + 12 <= len(data):
        length = int.from_bytes(data[i : i + 4], "big")
        chunks.append((data[i + 4 : i + 8], data[i + 8 : i + 8 + length]))
        i += 12 + length
    i = rng.randrange(len(chunks))
    kind, content = chunks[i]
    change = rng.randrange(5)
    if change == 0:
        content = flipped(rng, content)
    elif change == 1 and kind == b"IHDR":
        content = struct.pack(">II", *(rng.choice([0, 1, 5000, 2**31 - 1]) for _ in range(2))) + content[8:]
    elif change == 2 and kind == b"IDAT":
        content = zlib.compress(mutated(rng, "", zlib.decompress(content)))
    elif change == 3:
        kind = rng.choice([b"tEXt", b"zTXt", b"eXIf", b"acTL", b"tRNS", b"PLTE", b"gAMA", b"iCCP"])
        content = rng.randbytes(60)
    chunks[i : i + 1] = [(kind, content)] * rng.choice([0, 1, 1, 1, 1, 2])
    out = data[:8]
    for kind, content in chunks:
        out += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return out


BY_SUFFIX = {
    "json": [json_text],
    "txt": [lines_of_text],
    "safetensors": [safetensors_header, safetensors_metadata, resealed],
    "html": [embedded_json],
    "csv": [lines_of_text, cells],
    "npz": [zip_members],
    "npy": [npy_header],
    "idx": [idx_header],
    "png": [png_chunks],
}

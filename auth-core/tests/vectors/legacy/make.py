"""Makes hashes.json, with the implementations whose hashes are to be read.

Needs Python 3.11 with passlib 1.7.4, bcrypt 4.0.1, Django 5.2, argon2-cffi 25.1,
Werkzeug 3.1. Run it only to add a case: salts are random, so every hash changes.
No test runs it. Costs are small, but for one case of each scheme at what its
maker used by default.
"""

import argparse
import hashlib
import json
from base64 import b64encode

import django
from argon2.low_level import Type, hash_secret
from django.conf import settings

settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers." + name for name in (
    "PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher",
    "BCryptSHA256PasswordHasher", "BCryptPasswordHasher", "ScryptPasswordHasher")])
django.setup()

import bcrypt
from django.contrib.auth import hashers
from passlib import hash as passlib
from werkzeug.security import generate_password_hash

PASSWORDS = ["correct horse battery staple", "p", "p\u00e4ssw\u00f6rd \u5bc6\u7801 \U0001f511", "x" * 71, "x" * 72]
cases = []


def add(by, password, text, slow=False):
    cases.append({"by": by, "password": password, "hash": text, "slow": slow})


def django_hash(cls, **attributes):
    hasher = type("Cheap", (cls,), attributes)()
    return lambda password: hasher.encode(password, hasher.salt())


class DjangoScrypt(hashers.ScryptPasswordHasher):
    work_factor = 2**6


makers = {
    "bcrypt $2b$": lambda p: bcrypt.hashpw(p.encode(), bcrypt.gensalt(4)).decode(),
    "bcrypt $2a$": lambda p: bcrypt.hashpw(p.encode(), bcrypt.gensalt(5, b"2a")).decode(),
    "passlib bcrypt $2y$": passlib.bcrypt.using(rounds=4, ident="2y").hash,
    "passlib bcrypt-sha256 v2": passlib.bcrypt_sha256.using(rounds=4, version=2).hash,
    "passlib bcrypt-sha256 v1": passlib.bcrypt_sha256.using(rounds=4, version=1).hash,
    "passlib scrypt": passlib.scrypt.using(rounds=6, block_size=8, parallelism=2).hash,
    "passlib scrypt $7$": passlib.scrypt.using(ident="$7$", rounds=5, block_size=4, parallelism=3).hash,
    "passlib pbkdf2-sha1": passlib.pbkdf2_sha1.using(rounds=20).hash,
    "passlib pbkdf2-sha256": passlib.pbkdf2_sha256.using(rounds=20).hash,
    "passlib pbkdf2-sha512": passlib.pbkdf2_sha512.using(rounds=20, salt_size=11).hash,
    "Django pbkdf2_sha256": django_hash(hashers.PBKDF2PasswordHasher, iterations=30),
    "Django pbkdf2_sha1": django_hash(hashers.PBKDF2SHA1PasswordHasher, iterations=30),
    "Django bcrypt": django_hash(hashers.BCryptPasswordHasher, rounds=4),
    "Django bcrypt_sha256": django_hash(hashers.BCryptSHA256PasswordHasher, rounds=4),
    "Django scrypt": django_hash(DjangoScrypt),
    "Django argon2": django_hash(hashers.Argon2PasswordHasher, memory_cost=64, time_cost=2, parallelism=4),
    "Werkzeug scrypt": lambda p: generate_password_hash(p, "scrypt:64:8:2"),
    "Werkzeug pbkdf2:sha256": lambda p: generate_password_hash(p, "pbkdf2:sha256:50"),
    "Werkzeug pbkdf2:sha512": lambda p: generate_password_hash(p, "pbkdf2:sha512:50"),
}
for version in (16, 19):
    for kind in (Type.I, Type.D, Type.ID):
        makers[f"argon2-cffi {kind.name} v={version}"] = lambda p, kind=kind, version=version: hash_secret(
            p.encode(), b"a salt of 18 bytes", 2, 64, 2, 32, kind, version).decode()


def phc_pbkdf2(name, algorithm):
    def make(password):
        b64 = lambda b: b64encode(b).decode().rstrip("=")
        salt = b"sixteen bytes, ok"
        tag = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, 40)
        return f"${name}$i=40,l={len(tag)}${b64(salt)}${b64(tag)}"
    return make


makers["hashlib, as PHC pbkdf2-sha256"] = phc_pbkdf2("pbkdf2-sha256", "sha256")
makers["hashlib, as PHC pbkdf2-sha512"] = phc_pbkdf2("pbkdf2-sha512", "sha512")

for by, make in makers.items():
    for password in PASSWORDS:
        add(by, password, make(password))

# bcrypt looks at 72 bytes only; what it is given beforehand is not cut.
add("bcrypt cut at 72", "y" * 80, bcrypt.hashpw(b"y" * 80, bcrypt.gensalt(4)).decode())
add("passlib bcrypt-sha256 v2 long", "y" * 80, makers["passlib bcrypt-sha256 v2"]("y" * 80))
add("Django bcrypt_sha256 long", "y" * 80, makers["Django bcrypt_sha256"]("y" * 80))

# At their makers' defaults.
p = PASSWORDS[0]
for by, text in {
    "Django default": hashers.PBKDF2PasswordHasher().encode(p, "saltsaltsaltsaltsaltsa"),
    "Django argon2 default": django_hash(hashers.Argon2PasswordHasher)(p),
    "Django scrypt default": django_hash(hashers.ScryptPasswordHasher)(p),
    "passlib bcrypt default": passlib.bcrypt.hash(p),
    "passlib pbkdf2-sha512 default": passlib.pbkdf2_sha512.hash(p),
    "passlib scrypt default": passlib.scrypt.hash(p),
    "Werkzeug default": generate_password_hash(p),
    "argon2-cffi default": __import__("argon2").PasswordHasher().hash(p),
}.items():
    add(by, p, text, slow=True)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("file")
with open(parser.parse_args().file, "w", encoding="utf-8") as out:
    out.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")

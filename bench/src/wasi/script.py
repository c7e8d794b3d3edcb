"""Works on files as a build script does: makes, lists, reads, renames and removes them."""

import os
import shutil

ROOT = "/work"
shutil.rmtree(ROOT, ignore_errors=True)
for d in range(20):
    os.makedirs(f"{ROOT}/{d}")
    for f in range(50):
        with open(f"{ROOT}/{d}/{f}.txt", "w") as out:
            out.write(f"{d} {f}\n" * 200)
total = 0
for path, _, names in os.walk(ROOT):
    for name in names:
        total += os.stat(os.path.join(path, name)).st_size
        with open(os.path.join(path, name), "rb") as source:
            total += len(source.read())
with open(f"{ROOT}/report", "w") as out:
    for d in range(20):
        for f in range(0, 50, 2):
            os.rename(f"{ROOT}/{d}/{f}.txt", f"{ROOT}/{d}/{f}.done")
            out.write(f"{d}/{f}\n")
with open(f"{ROOT}/large", "wb") as out:
    for _ in range(64):
        out.write(os.urandom(1 << 16))
print(total)

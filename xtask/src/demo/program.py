"""What the demo runs inside Tarbox: reads every file, writes a report, packs, renames, deletes."""
import collections, hashlib, os, sys, tarfile

root, tidy = sys.argv[1], sys.argv[2]
kinds, total, lines = collections.Counter(), 0, 0
digest = hashlib.sha256()
largest = []

for folder, folders, files in os.walk(root):
    folders.sort()
    for name in sorted(files):
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            data = file.read()
        digest.update(data)
        kinds[os.path.splitext(name)[1] or name] += 1
        total += len(data)
        lines += data.count(b"\n")
        largest.append((len(data), path))

count = sum(kinds.values())
largest.sort(reverse=True)
with open(os.path.join(root, "REPORT.md"), "w", encoding="utf-8") as report:
    report.write(f"# {count} files, {total} bytes, {lines} lines\n\nSHA-256 of all: {digest.hexdigest()}\n\n")
    report.writelines(f"- {number} × {kind}\n" for kind, number in kinds.most_common(10))
    report.writelines(f"- {size} bytes: {path}\n" for size, path in largest[:5])

with tarfile.open(os.path.join(root, "sources.tar.gz"), "w:gz") as archive:
    archive.add(os.path.join(root, tidy), arcname=tidy)

renamed = os.path.join(root, tidy + "-packed")
os.rename(os.path.join(root, tidy), renamed)
deleted = 0
for folder, folders, files in os.walk(renamed, topdown=False):
    for name in files:
        if name.endswith(".toml"):
            os.remove(os.path.join(folder, name))
            deleted += 1
os.rename(os.path.join(root, "CONTRIBUTING.md"), os.path.join(root, "HOW-TO-HELP.md"))
with open(os.path.join(root, "LICENSE"), "a") as file:
    file.write("\nEdited inside a sandbox.\n")

print(f"Python {sys.version.split()[0]} read {count} files ({total:,} bytes), wrote a report and an archive, "
      f"renamed 2 entries, deleted {deleted} files and edited 1.")

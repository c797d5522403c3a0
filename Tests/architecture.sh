#!/bin/bash
# The arrows between the modules point one way, and no file has grown past two ideas.
cd "$(dirname "$0")/.." || exit 1
bad=0
complain() {
  printf 'architecture: %s\n' "$1"
  bad=1
}
if grep -rnE '^\S*\s*import ' Sources/CoordCore; then complain 'CoordCore imports something'; fi
for module in CoordCore coord; do
  if grep -rnE 'import (Glibc|Foundation)' "Sources/$module"; then complain "$module imports the system"; fi
done
if grep -rnE 'import coord$' Sources/CoordSystem; then complain 'CoordSystem imports coord'; fi
while read -r lines file; do
  if [ "$file" != total ] && [ "$lines" -gt 320 ]; then complain "$file has $lines lines"; fi
done < <(find Sources -name '*.swift' -exec wc -l {} +)
while read -r name; do
  if ! grep -qF "(\"$name\"," Tests/mutants.py; then complain "docs/protocol.md names a mutant that is not there: $name"; fi
done < <(sed -n '/^## Each rule and its mutants/,/^## What/p' docs/protocol.md | grep -oE '"[^"]+"' | tr -d '"')
exit $bad

#!/bin/bash
# What docs/design.md says of the tree is so: the arrows between modules and rooms point one way, as far as the names of types
# tell; each file holds what it is named after and has no more than 300 lines; and what the documents name is there.
cd "$(dirname "$0")/.." || exit 1
bad=0
complain() {
  printf 'architecture: %s\n' "$1"
  bad=1
}

# The modules.
if grep -rnE '^\S*\s*import ' Sources/CoordCore; then complain 'CoordCore imports something'; fi
for module in CoordCore coord; do
  if grep -rnE 'import (Glibc|Foundation)' "Sources/$module"; then complain "$module imports the system"; fi
done
if grep -rnE 'import coord$' Sources/CoordSystem; then complain 'CoordSystem imports coord'; fi

# The rooms, the lowest first, as docs/design.md has them. Nothing but rooms is in a module, and its tests have the same.
rooms=$(sed -nE 's/^order of the rooms: (.*)$/\1/p' docs/design.md | tr -d '<')
[ -n "$rooms" ] || complain 'docs/design.md has no order of the rooms'
for place in Sources/CoordCore/* Sources/CoordSystem/* Tests/CoordCoreTests/*/ Tests/CoordSystemTests/*/; do
  if ! grep -qw "$(basename "$place")" <<<"$rooms"; then complain "$place is no room of docs/design.md"; fi
done

# A file uses no type of a room above its own. All files are read twice: first for what each room declares, then for what each
# file uses. What a file declares itself, also within another type, hides what others call so.
above() { # module
  local files
  mapfile -t files < <(find "Sources/$1" -name '*.swift')
  awk -v rooms="$rooms" '
    BEGIN { n = split(rooms, names, " "); for (i = 1; i <= n; i++) height[names[i]] = i }
    FNR == 1 { split(FILENAME, path, "/"); room = path[3]; text = 0 }
    # The line without comments and without what strings say; what they take in by \( ) stays.
    function code(line,   out, mark, level, depth) {
      level = 0  # even: code; odd: a string
      while (match(line, /["()\\]|\/\//)) {
        mark = substr(line, RSTART, RLENGTH)
        if (level % 2 == 0) out = out substr(line, 1, RSTART - 1) mark
        line = substr(line, RSTART + RLENGTH)
        if (level % 2 == 0) {
          if (mark == "//") return out
          if (mark == "\"") level++
          if (mark == "(") depth[level]++
          if (mark == ")" && --depth[level] < 0 && level > 0) level--
        } else if (mark == "\"") {
          level--
        } else if (mark == "\\") {
          if (line ~ /^\(/) depth[++level] = 0
          line = substr(line, 2)
        }
      }
      return level % 2 ? out : out line
    }
    /"""/ { text = !text; next }
    text { next }
    { line = code($0) }
    match(line, /(class|struct|enum|protocol|typealias) [A-Z][A-Za-z0-9]*/) {
      split(substr(line, RSTART, RLENGTH), word, " ")
      own[FILENAME, word[2]] = 1
      if (line ~ /^[a-z]/ && line !~ /^(file)?private/) home[word[2]] = room
    }
    pass == 2 {
      # With a dot before it is a type within another one, or a member.
      while (match(line, /\.?[A-Za-z_][A-Za-z0-9_]*/)) {
        type = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        if (type in home && !((FILENAME, type) in own) && height[home[type]] > height[room])
          printf "%s:%d uses %s of %s\n", FILENAME, FNR, type, home[type]
      }
    }
  ' pass=1 "${files[@]}" pass=2 "${files[@]}"
}
while read -r use; do complain "$use"; done < <(above CoordCore && above CoordSystem)

# The files: Name.swift holds the type Name, Name+Part.swift a part of it.
while read -r lines file; do
  if [ "$file" != total ] && [ "$lines" -gt 300 ]; then complain "$file has $lines lines"; fi
done < <(find Sources Tests -name '*.swift' -exec wc -l {} +)
while read -r file; do
  name=$(basename "$file" .swift)
  case $name in
    main) continue ;;
    *+*) wanted="^extension ${name%%+*}\\b" ;;
    *) wanted="\\b(class|struct|enum|protocol) $name\\b" ;;
  esac
  if ! grep -qE "$wanted" "$file"; then complain "$file does not hold what it is named after"; fi
done < <(find Sources Tests/Simulation Tests/CoordCoreTests Tests/CoordSystemTests -name '*.swift' ! -name '*Tests.swift')

# The tests of Name.swift, where there is one, are NameTests.swift of the same room.
for module in CoordCore CoordSystem; do
  while read -r file; do
    name=$(basename "$file" Tests.swift)
    room=$(basename "$(dirname "$file")")
    if ! grep -qE '@(Test|Suite)' "$file"; then complain "$file holds no test"; fi
    if compgen -G "Sources/$module/*/$name.swift" >/dev/null && [ ! -e "Sources/$module/$room/$name.swift" ]; then
      complain "$file is in another room than what it tests"
    fi
  done < <(find "Tests/${module}Tests" -name '*Tests.swift')
done

# Each verb has a file of its name; help and version need none.
verbs=$(grep -oE 'name: "[a-z]+", summary' Sources/coord/Grammar.swift | cut -d'"' -f2 | sed 's/./\U&/')
[ -n "$verbs" ] || complain 'no verbs are found in Grammar.swift'
for verb in $verbs; do
  case $verb in
    Help | Version) ;;
    *) if [ ! -e "Sources/coord/Verbs/$verb.swift" ]; then complain "verb $verb has no file"; fi ;;
  esac
done
for file in Sources/coord/Verbs/*.swift; do
  if ! grep -qxF "$(basename "$file" .swift)" <<<"$verbs"; then complain "$file is no verb"; fi
done

# The documents.
while read -r file; do
  if ! compgen -G "Sources/*/$file" >/dev/null; then complain "docs/*.md name a file that is not there: $file"; fi
done < <(grep -ohE "\`[A-Za-z0-9+/]+\.swift\`" docs/*.md | tr -d \` | sort -u)
while read -r name; do
  if ! grep -qF "(\"$name\"," Tests/mutants.py; then complain "docs/protocol.md names a mutant that is not there: $name"; fi
done < <(sed -n '/^## Each rule and its mutants/,/^## What/p' docs/protocol.md | grep -oE '"[^"]+"' | tr -d '"')
# A test, a suite or a scene: what stands behind its mark, there or in one of the next lines.
tests=$(
  find Tests \( -name '*.py' -o -name '*.swift' \) -exec awk '
    FNR == 1 { marked = 0 }
    /^ *@(Test|Suite|scene)([^A-Za-z]|$)/ { marked = 1 }
    (marked && match($0, /(^| )(func|struct|class|enum|def) [A-Za-z0-9_]+/)) || match($0, /^ *def test_[A-Za-z0-9_]+/) {
      marked = 0
      name = substr($0, RSTART, RLENGTH)
      sub(/.* /, "", name)
      print name
    }
  ' {} +
  basename -a Tests/*/test_*.py
)
while read -r name; do
  if ! grep -qxF "$name" <<<"$tests"; then complain "docs/protocol.md names a test that is not there: $name"; fi
done < <(sed -n '/^| fault /,/^$/p' docs/protocol.md | cut -d'|' -f4 | grep -oE "\`\w+(\.\w+)?\`|test_\w+\.py" | tr -d \` |
  sed '/\.py$/! s/\./\n/')
exit $bad

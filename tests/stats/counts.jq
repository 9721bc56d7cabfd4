# The counts of `stats --json`, from a capture of the format `record`. Run with -n.
def millis: (. / 1000 | floor | strftime("%Y-%m-%dT%H:%M:%S")) + "." + ("00" + (. % 1000 | tostring) | .[-3:]) + "Z";
def document: if .newValue != null then .newValue elif .value != null then .value else .oldValue end;
def id: .change | document | ._id;
def op: .change | if .newValue == null then "removes" elif .oldValue == null then "inserts" else "updates" end;
def bytes: tojson | utf8bytelength;
def count(name): map(select(op == name)) | length;
def leaves: [paths(scalars) as $path | {path: $path, value: getpath($path)}];
def name: map(if type == "number" then "[*]" else "." + . end) | join("") | ltrimstr(".");
def changed: .oldValue as $old | .newValue | leaves
  | map(select(.value as $value | .path as $path | ($old | getpath($path)) != $value) | .path | name);
[inputs] as $records
| [$records[] | select(.value | type == "object" and .type == "documentChanged")] as $events
| [$events[].value] as $values
| {
    events: ($events | length),
    bytes: ([$values[] | bytes] | add),
    transactions: ([$values[].txnId] | unique | length),
    transactionsExact: true,
    gaps: ([$records[] | select(.value | type == "object" and .type == "requeryRequired")] | length),
    unreadable: ([$records[] | select(.value | type != "object")] | length),
    duplicates: ([$values[] | [.txnId, .collection, id]] | length - (unique | length)),
    duplicatesExact: true,
    from: ([$events[].timestamp] | min | millis),
    until: ([$events[].timestamp] | max | millis),
    collections: [$events | group_by(.value.collection)[] | [.[].timestamp] as $times | [.[].value] | {
      collection: .[0].collection,
      events: length,
      inserts: count("inserts"),
      updates: count("updates"),
      removes: count("removes"),
      documents: (map(id) | unique | length),
      documentsExact: true,
      bytes: (map(bytes) | add),
      largest: (map(.change | document | bytes) | max),
      first: ($times | min | millis),
      last: ($times | max | millis)
    }],
    paths: ([$values[] | select(op == "updates") | .collection as $collection | .change | changed[] | {collection: $collection, path: .}]
      | group_by([.collection, .path]) | map(.[0] + {changes: length}) | sort_by([.collection, .path])),
    documents: ([$values[] | {collection, id: id}] | group_by([.collection, .id]) | map(.[0] + {events: length})
      | sort_by([-.events, .collection, .id]) | .[:10]),
    activity: ([$events[] | {minute: (.timestamp / 60000 | floor), op: (.value | op)}] | group_by(.minute) | map({
      time: (.[0].minute * 60000 | millis),
      inserts: (map(select(.op == "inserts")) | length),
      updates: (map(select(.op == "updates")) | length),
      removes: (map(select(.op == "removes")) | length)
    }))
  }

use str

set edit:completion:arg-completer[ditto-cdc] = {|@words|
    var found = [(try { e:ditto-cdc __complete line (all $words[1..-1]) '+'$words[-1] 2>/dev/null } catch { })]
    if (== 0 (count $found)) {
        edit:complete-filename $@words
    }
    for line $found {
        var parts = [(str:split &max=2 "\t" $line)]
        var text = $parts[0]
        if (and (== 2 (count $parts)) (!=s '' $parts[1])) {
            edit:complex-candidate $text &code-suffix=' ' &display=$text'  '$parts[1]
        } else {
            put $text
        }
    }
}

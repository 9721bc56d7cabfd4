Register-ArgumentCompleter -Native -CommandName 'ditto-cdc' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
        })
    $begun = $wordToComplete.Trim("'", '"')
    ditto-cdc __complete line @words "+$begun" 2>$null | ForEach-Object {
        $text, $help = $_ -split "`t", 2
        if (-not $text) { $text = ' ' }
        if (-not $help) { $help = $text }
        $insert = if ($text -match '^([\w.:/=-]+| )$') { $text } else { "'" + $text.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($insert, $text, 'ParameterValue', $help)
    }
}

/// All that a command reads. Rejects at once, before any work, where `output` would replace one of them.
func inputFiles(_ paths: [String], output: String? = nil) throws -> InputFiles {
    var inputs = InputFiles()
    for path in paths { inputs.insert(path) }
    // As a script's variable that is not set makes it.
    if output == "" { throw Failure.usage("the name of the output is empty: name a file") }
    guard let output, inputs.contains(output) else { return inputs }
    throw Failure.usage("\(output): \(OutputError.isInput.message)")
}

extension Failure {
    /// An output that could not be written.
    static func unwritable(_ path: String, _ error: OutputError) -> Failure {
        error == .isInput ? usage("\(path): \(error.message)") : cannotCreate("\(path): \(error.message)")
    }
}

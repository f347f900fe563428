import ArgumentParser
import Foundation

struct Upgrade: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model file of an older version in the current format.",
        discussion: """
            All weights keep their bits, and detections are the same.

            Example:
              swiftlet-model upgrade old.gguf -o new.gguf
            """)

    @Argument(help: "The model file.", completion: .file(extensions: ["gguf"]))
    var model: String

    @Option(name: .shortAndLong, help: "The model file to write.", completion: .file(extensions: ["gguf"]))
    var output: String

    func execute() throws {
        let inputs = try inputFiles([model], output: output)
        let file = try open(model: model)
        do {
            try FirstFormat.upgrade(file, to: output, inputs: inputs)
        } catch {
            throw Failure.unmade(of: model, error)
        }
        print("\(file.tensors.count) tensors; wrote \(printable(output)), \(byteCount(try open(model: output).byteCount))")
    }
}

import ArgumentParser
import Foundation

@main struct SwiftletModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet-model",
        abstract: "Makes and examines the model files that swiftlet and swiftletd run.",
        version: "\(Product.version)",
        subcommands: [Import.self, Quantize.self, Compare.self, Evaluate.self, Inspect.self, Run.self, Upgrade.self])
}

/// A command, whose failures are printed and become exit codes.
protocol ModelCommand: ParsableCommand {
    func execute() throws
}

extension ModelCommand {
    func run() throws {
        do {
            try requireMemory(32 << 20)
            try execute()
            guard fflush(nil) == 0 else {
                throw Failure(description: "the results cannot be written: \(errorText(errno))", code: EX_IOERR)
            }
        } catch let failure as Failure {
            let lines = failure.description.split(separator: "\n", omittingEmptySubsequences: false)
            writeError("swiftlet-model: \(lines.map { printable(String($0)) }.joined(separator: "\n"))\n")
            throw ExitCode(failure.code)
        }
    }
}

/// A failure whose message is all that there is to say, in one line or more. Exit codes are those of sysexits.
struct Failure: Error, CustomStringConvertible {
    var description: String
    var code: Int32

    static func badData(_ message: String) -> Failure { Failure(description: message, code: EX_DATAERR) }
    static func noInput(_ message: String) -> Failure { Failure(description: message, code: EX_NOINPUT) }
    static func cannotCreate(_ message: String) -> Failure { Failure(description: message, code: EX_CANTCREAT) }
    static func usage(_ message: String) -> Failure { Failure(description: message, code: EX_USAGE) }

    /// The model file at `path` cannot be used.
    static func unusable(_ path: String, _ error: ModelError) -> Failure {
        Failure(description: error.message(model: path), code: error.exitCode.rawValue)
    }

    /// Nothing was made of the file at `path`.
    static func unmade(of path: String, _ error: QuantizerError) -> Failure {
        switch error {
        case .cannotWrite(let output, let error): unwritable(output, error)
        case .model(let error): unusable(path, error)
        default: badData("\(printable(path)): \(error.message)")
        }
    }

    /// A checkpoint or safetensors file that cannot be used.
    static func unreadable(_ path: String, _ error: CheckpointError) -> Failure {
        if case .file = error { return noInput(error.message) }
        return badData("\(printable(path)): \(error.message)")
    }
}

/// Throws where the system lacks that many bytes: without them what Swift allocates itself ends the process.
func requireMemory(_ byteCount: Int) throws {
    let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else {
        throw Failure(
            description: "\(Service.byteCount(byteCount)) more memory are needed, but the system has no more (ulimit -v)",
            code: EX_OSERR)
    }
    munmap(address, byteCount)
}

import CLinux

/// Why a file was not written. What stood at its path is as it was.
public enum OutputError: Error, Equatable, Sendable {
    /// What the system says: an errno value.
    case system(Int32)
    /// A device, pipe or socket stands there, and the bytes must be a file.
    case notRegularFile
    /// The command reads what it would replace.
    case isInput
}

/// A file that appears under its name only when it is complete, so that no reader sees a part of one: `commit` replaces what
/// stood there, and otherwise nothing is left. Where its name is a link, the file that this leads to is replaced.
public struct OutputFile: ~Copyable {
    /// Which kinds of file may be written to.
    public enum Kinds: Sendable {
        case regular
        /// Devices and pipes too, which take the bytes as they come: /dev/stdout.
        case any
    }

    /// -1 once it is closed.
    private var descriptor: Int32
    private let isStream: Bool
    /// Null-terminated: what is replaced, and the name of the file so far, empty where it has none.
    private let target: [CChar]
    private var name: [CChar]

    /// Begins a file, with mode and owner of the one that it replaces, or with mode 0666 less the process's mask.
    ///
    /// - Parameter inputs: all that the command reads.
    public init(path: UnsafePointer<CChar>, inputs: InputFiles, kinds: Kinds = .regular) throws(OutputError) {
        if inputs.contains(path) { throw .isInput }
        var status = clinux_file_status()
        let isThere = clinux_status_at(clinux_working_directory, path, &status) == 0
        if isThere, status.kind == CLINUX_FILE_DIRECTORY { throw .system(clinux_EISDIR) }
        var target: [CChar] = [], name: [CChar] = []
        var descriptor: Int32 = -1
        let error: Int32
        let isStream = isThere && status.kind != CLINUX_FILE_REGULAR
        if isStream {
            guard case .any = kinds else { throw .notRegularFile }
            error = clinux_output_open_stream(path, &descriptor)
        } else {
            target = [CChar](repeating: 0, count: Int(clinux_path_capacity))
            name = target
            let resolution = clinux_output_target(path, &target)
            error = resolution == 0 ? clinux_output_create(target, &name, &descriptor) : resolution
        }
        guard error == 0 else { throw .system(error) }
        self.isStream = isStream
        self.descriptor = descriptor
        self.target = target
        self.name = name
    }

    /// Writes a whole file.
    public static func write(
        _ bytes: UnsafeRawBufferPointer, to path: UnsafePointer<CChar>, inputs: InputFiles, kinds: Kinds = .regular
    ) throws(OutputError) {
        var file = try OutputFile(path: path, inputs: inputs, kinds: kinds)
        try file.write(bytes)
        try file.commit()
    }

    deinit {
        guard descriptor >= 0 else { return }
        if isStream { _ = clinux_close(descriptor) } else { clinux_output_discard(descriptor, name) }
    }

    /// Appends all of `bytes`.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
        guard let start = bytes.baseAddress else { return }
        let error = clinux_write_all(descriptor, start, bytes.count)
        guard error == 0 else { throw .system(error) }
    }

    /// Appends all of `bytes`.
    public mutating func write(_ bytes: [UInt8]) throws(OutputError) {
        try bytes.withUnsafeBufferPointer { bytes throws(OutputError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    /// Where what is written so far can be read; needs /proc.
    public var readablePath: String { "/proc/self/fd/\(descriptor)" }

    /// Brings the bytes to the disk and the file to its name. Nothing may be written after it.
    public mutating func commit() throws(OutputError) {
        let descriptor = self.descriptor
        self.descriptor = -1
        let error = isStream ? clinux_close(descriptor) : clinux_output_commit(descriptor, &name, target)
        guard error == 0 else { throw .system(error) }
    }
}

import CLinux

/// What tells a file or directory from all others, whatever names it has.
public struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    /// Of what a status was asked for.
    public init(_ status: clinux_file_status) {
        device = status.device
        inode = status.inode
    }

    /// Of what `path` stands for, links followed; nil when there is nothing.
    public init?(path: UnsafePointer<CChar>) {
        var status = clinux_file_status()
        guard clinux_status_at(clinux_working_directory, path, &status) == 0 else { return nil }
        self.init(status)
    }
}

/// All files and directories that a command reads. None of them is ever replaced by its output: `OutputFile` asks.
public struct InputFiles: Sendable {
    private var identities: Set<FileIdentity> = []

    /// Of a command that reads nothing.
    public init() {}

    /// Adds what `path` stands for: a file, or a directory without what is in it. What is not there cannot be replaced.
    public mutating func insert(_ path: UnsafePointer<CChar>) {
        if let identity = FileIdentity(path: path) { identities.insert(identity) }
    }

    /// Adds what is known by its identity.
    public mutating func insert(_ identity: FileIdentity) { identities.insert(identity) }

    /// Whether writing to `path` would replace or change an input, under whatever name.
    public func contains(_ path: UnsafePointer<CChar>) -> Bool {
        guard let identity = FileIdentity(path: path) else { return false }
        return identities.contains(identity)
    }
}

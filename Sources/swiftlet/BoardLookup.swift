/// Finds the file of a board by its name, by a path, or by what the machine calls itself.
struct BoardLookup {
    let log: Log

    /// - Parameter name: a file in the directory of the packages without its extension, a path (with a slash, or ending in
    ///   .ini), or "auto".
    /// Ends the process where there is no such file, or mistakes are in it.
    func profile(_ name: UnsafePointer<CChar>) -> BoardProfile {
        let name = bytes(name)
        if name == bytes("auto") { return recognised() }
        let isPath = name.contains(UInt8(ascii: "/")) || Self.isINI(name)
        let path = isPath ? name : bytes(BoardProfile.directory) + bytes("/") + name + bytes(".ini")
        let reader: BoardReader
        do throws(FileError) {
            reader = try read(path)
        } catch {
            let advice = isPath ? "" : "; --board takes a name of \(BoardProfile.directory), a path, or auto"
            log.error("\(text(path)): \(error.message)\(advice)")
            error.exitCode.exit()
        }
        for mistake in reader.mistakes { log.error(mistake.message(file: text(path))) }
        if !reader.mistakes.isEmpty { ExitCode.configuration.exit() }
        return reader.profile
    }

    private func read(_ path: [UInt8]) throws(FileError) -> BoardReader {
        try BoardReader.read(path: terminated(path))
    }

    /// The profile whose name of the device is the longest that the machine's own begins with.
    private func recognised() -> BoardProfile {
        let model = BoardState().deviceTree
        var best: BoardProfile?
        for path in files() {
            guard let reader = try? read(path), reader.mistakes.isEmpty, let name = reader.profile.deviceTree,
                model.starts(with: name), name.count > best?.deviceTree?.count ?? 0
            else { continue }
            best = reader.profile
        }
        if let best { return best }
        let what = model.isEmpty ? "cannot recognise this board" : "no file is for '\(text(model))'"
        log.error("\(what): name a file of \(BoardProfile.directory), such as --board generic-arm64")
        ExitCode.noInput.exit()
    }

    private func files() -> [[UInt8]] {
        names(in: cString(BoardProfile.directory), limit: Self.maximumFiles, where: Self.isINI).map {
            bytes(BoardProfile.directory) + bytes("/") + $0
        }
    }

    private static func isINI(_ name: [UInt8]) -> Bool { name.suffix(4).elementsEqual(bytes(".ini")) }

    /// Files that are looked at.
    private static var maximumFiles: Int { 256 }
}

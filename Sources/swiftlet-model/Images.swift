import Foundation

/// The JPEGs of a directory, or those that a text file lists, on the command line.
enum Images {
    /// The largest list, in bytes.
    private static let largestList = 16 << 20
    /// The maximum of files of a directory and its subdirectories.
    private static let maximumFiles = 1_000_000
    /// Directories below directories.
    private static let maximumDepth = 8

    /// Paths of all images: those of the directory `path` (hidden ones and subdirectories skipped) in the byte order of their
    /// names; or, where `path` is a file, its lines, relative to its directory, each once.
    static func paths(_ path: String) throws -> [String] {
        guard isDirectory(path) else { return try listed(path) }
        let found = try here(path).map { "\(path)/\($0)" }
        guard found.isEmpty else { return found }
        let below = try below(path).first
        let other = try names(path).first { ![.unknown, .jpeg].contains(FileKind(name: $0)) }
        let hint =
            below.map { "; directories below it do, as \(path)/\($0)" }
            ?? other.map { ": convert its images, as \(path)/\($0), with magick mogrify -format jpg for example" } ?? ""
        throw Failure.noInput("\(path): contains no JPEGs\(hint)")
    }

    static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// At most `limit` of them, evenly spread.
    static func spread<Element>(_ all: [Element], limit: Int) -> [Element] {
        guard all.count > limit else { return all }
        return (0..<limit).map { all[$0 * all.count / limit] }
    }

    /// Names of the images in a directory.
    static func here(_ directory: String) throws -> [String] {
        try names(directory).filter(isImage).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Names of the images in the directories below one, with these directories.
    static func below(_ directory: String) throws -> [String] {
        var found: [String] = []
        var seen: Set<[UInt64]> = []
        var count = 0
        func visit(_ inner: String, _ depth: Int) throws {
            var status = stat()
            // A link may lead back to where it is.
            guard depth <= maximumDepth, stat(directory + "/" + inner, &status) == 0,
                seen.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted
            else { return }
            guard let names = try? names("\(directory)/\(inner)") else { return }
            count += names.count
            guard count <= maximumFiles else {
                throw Failure.badData("\(directory): contains more than \(maximumFiles) files: name a directory below it")
            }
            for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) where !name.hasPrefix(".") {
                let path = inner.isEmpty ? name : "\(inner)/\(name)"
                if isDirectory("\(directory)/\(path)") {
                    try visit(path, depth + 1)
                } else if !inner.isEmpty, isImage(name) {
                    found.append(path)
                }
            }
        }
        try visit("", 0)
        return found
    }

    private static func names(_ directory: String) throws -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw Failure.noInput("\(directory): cannot be read")
        }
        return names
    }

    private static func listed(_ path: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else {
            if path.contains("://") {
                throw Failure.noInput("\(path): URLs are not supported: download the images into a directory first")
            }
            throw Failure.noInput("\(path): does not exist; name a directory of JPEGs, or a text file that lists some")
        }
        let list = try InputFile.read(path, limit: largestList) { String(validating: $0, as: UTF8.self) }
        guard let text = list else {
            throw Failure.noInput("\(path): cannot be read as text; name a directory of JPEGs, or a list, one per line")
        }
        // A byte order mark is no part of the first name.
        let lines = text.unicodeScalars.first == "\u{FEFF}" ? Substring(text.unicodeScalars.dropFirst()) : text[...]
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var seen: Set<String> = []
        let found = lines.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter {
            !$0.isEmpty && seen.insert($0).inserted
        }.map { $0.hasPrefix("/") ? $0 : "\(directory)/\($0)" }
        guard !found.isEmpty else { throw Failure.noInput("\(path): lists no JPEGs") }
        return found
    }

    private static func isImage(_ name: String) -> Bool {
        !name.hasPrefix(".") && FileKind(name: name) == .jpeg
    }
}

import Foundation

/// The JPEGs of a folder, or those that a text file lists, on the command line.
enum Pictures {
    /// Paths of all pictures: those of the folder `path` (*.jpg and *.jpeg, hidden ones and subfolders left out) in the
    /// byte order of their names; or, where `path` is a file, its lines, relative to its folder.
    static func paths(_ path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Failure.noInput("\(path): does not exist; give a folder of JPEGs, or a text file that lists some")
        }
        let found: [String]
        if isFolder.boolValue {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                throw Failure.noInput("\(path): cannot be read")
            }
            found = names.filter(isPicture).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
                "\(path)/\($0)"
            }
        } else {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw Failure.noInput("\(path): cannot be read as text; give a folder of JPEGs, or a list, one a line")
            }
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            found = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter {
                !$0.isEmpty
            }.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
        }
        guard !found.isEmpty else {
            throw Failure.noInput("\(path): \(isFolder.boolValue ? "holds" : "lists") no JPEGs")
        }
        return found
    }

    /// At most `limit` of them, evenly spread.
    static func spread(_ paths: [String], limit: Int) -> [String] {
        guard paths.count > limit else { return paths }
        return (0..<limit).map { paths[$0 * paths.count / limit] }
    }

    private static func isPicture(_ name: String) -> Bool {
        let lowercase = name.lowercased()
        return !name.hasPrefix(".") && (lowercase.hasSuffix(".jpg") || lowercase.hasSuffix(".jpeg"))
    }
}

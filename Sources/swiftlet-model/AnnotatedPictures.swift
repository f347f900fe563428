import Annotations
import Foundation
import Service

/// The pictures of a folder or list that an annotation file names, found and checked before any of them runs.
struct AnnotatedPictures {
    /// In the order of the folder or list.
    let paths: [String]
    /// By path, the place in the annotations' list of pictures.
    let entries: [String: Int]

    /// - Parameter limit: at most so many, evenly spread.
    init(_ images: String, _ truth: GroundTruth, limit: Int?, _ progress: Progress) throws {
        let isFolder = Pictures.isFolder(images)
        var paths: [String], names: [PictureName]
        if isFolder {
            let folder = URL(fileURLWithPath: images).standardizedFileURL.path
            let here = try Pictures.here(images)
            names = here.map { PictureName($0, in: folder) }
            if try names.isEmpty || !truth.match(names).absent.isEmpty {
                names += try Pictures.below(images).map { PictureName($0, in: folder) }
            }
            paths = names.map { "\(images)/\($0.name)" }
            guard !paths.isEmpty else {
                throw Failure.noInput("\(images): holds no JPEGs, nor do folders below it")
            }
        } else {
            let listed = try Pictures.paths(images)
            paths = listed.filter(FileManager.default.fileExists(atPath:))
            if let first = listed.first(where: { !FileManager.default.fileExists(atPath: $0) }) {
                let count = listed.count - paths.count
                let left = "\(count) of \(listed.count) pictures that it lists \(count == 1 ? "is" : "are") not there"
                guard !paths.isEmpty else { throw Failure.noInput("\(images): \(left), as \(first)") }
                progress.say(printable("\(images): \(left), as \(first): left out"))
            }
            let folder = URL(fileURLWithPath: images).deletingLastPathComponent().path + "/"
            names = paths.map {
                $0.hasPrefix(folder) ? PictureName(String($0.dropFirst(folder.count)), in: folder) : PictureName($0)
            }
        }
        let matching = try truth.match(names)
        try truth.report(matching, names, of: images)
        let pairs = zip(paths, matching.entries).compactMap { path, entry in entry.map { (path, $0) } }
        entries = Dictionary(pairs) { first, _ in first }
        paths = pairs.map(\.0)
        if let limit { paths = Pictures.spread(paths, limit: limit) }
        self.paths = paths
        let found = paths.compactMap { path -> FoundPicture? in
            guard let entry = entries[path], let header = PictureHeader(path: path) else { return nil }
            let size = AnnotationSet.Size(width: Double(header.size.width), height: Double(header.size.height))
            return FoundPicture(entry: entry, name: URL.name(of: path), size: size, isTurned: header.isTurned)
        }
        try truth.check(found)
    }
}

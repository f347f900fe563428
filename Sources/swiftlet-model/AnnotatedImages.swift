import Foundation

/// The images of a directory or list that an annotation file names, found and checked before any of them runs.
struct AnnotatedImages {
    /// In the order of the directory or list.
    let paths: [String]
    /// By path, the place in the annotations' list of images.
    let entries: [String: Int]

    /// - Parameter limit: maximum number, evenly spread.
    init(_ images: String, _ truth: GroundTruth, limit: Int?, _ progress: Progress) throws {
        let isDirectory = Images.isDirectory(images)
        var paths: [String], names: [ImageName]
        if isDirectory {
            let directory = URL(fileURLWithPath: images).standardizedFileURL.path
            let here = try Images.here(images)
            names = here.map { ImageName($0, in: directory) }
            if try names.isEmpty || !truth.match(names).absent.isEmpty {
                names += try Images.below(images).map { ImageName($0, in: directory) }
            }
            paths = names.map { "\(images)/\($0.name)" }
            guard !paths.isEmpty else {
                throw Failure.noInput("\(images): contains no JPEGs, nor do directories below it")
            }
        } else {
            let listed = try Images.paths(images)
            paths = listed.filter(FileManager.default.fileExists(atPath:))
            if let first = listed.first(where: { !FileManager.default.fileExists(atPath: $0) }) {
                let count = listed.count - paths.count
                let left = "\(count) of \(listed.count) images that it lists \(count == 1 ? "is" : "are") not there"
                guard !paths.isEmpty else { throw Failure.noInput("\(images): \(left), as \(first)") }
                progress.say(printable("\(images): \(left), as \(first): skipped"))
            }
            let directory = URL(fileURLWithPath: images).deletingLastPathComponent().path + "/"
            names = paths.map {
                $0.hasPrefix(directory) ? ImageName(String($0.dropFirst(directory.count)), in: directory) : ImageName($0)
            }
        }
        let matching = try truth.match(names)
        try truth.report(matching, names, of: images)
        let pairs = zip(paths, matching.entries).compactMap { path, entry in entry.map { (path, $0) } }
        entries = Dictionary(pairs) { first, _ in first }
        paths = pairs.map(\.0)
        if let limit { paths = Images.spread(paths, limit: limit) }
        self.paths = paths
        let found = paths.compactMap { path -> FoundImage? in
            guard let entry = entries[path], let header = ImageHeader(path: path) else { return nil }
            let size = AnnotationSet.Size(width: Double(header.size.width), height: Double(header.size.height))
            return FoundImage(entry: entry, name: URL.name(of: path), size: size, isTurned: header.isTurned)
        }
        try truth.check(found)
    }
}

import Foundation

/// The lines of a daemon's socket, recorded to a file: what it found in images that have names.
struct RecordedStream {
    private struct Line: Decodable {
        struct Detection: Decodable {
            var label: String
            var score: Double
            var box_px: [Double]
        }

        /// A file's name; a number where images have none.
        struct Image: Decodable {
            var name: String?

            init(from decoder: any Decoder) throws { name = try? decoder.singleValueContainer().decode(String.self) }
        }

        struct Source: Decodable {
            var rotate_deg: Int?
        }

        var type: String
        var task: String?
        var source: Source?
        var threshold: Float?
        var filtered: Bool?
        var min_score: Float?
        var classes: [String]?
        var every: Int?
        var labels: [String]?
        var picture: Image?
        var width_px: Double?
        var height_px: Double?
        var detections: [Detection]?
        var detections_omitted: Int?
    }

    private struct Image {
        var name: String
        var size: AnnotationSet.Size?
        var detections: [Line.Detection]
    }

    /// Of the daemon's model, background first; those that occur are added where the daemon left some out.
    private(set) var labels: [String] = []
    /// Detections score more than this.
    private(set) var threshold: Float = 0
    /// Whether the last line is a part of one, as where the recording was stopped.
    private(set) var endsWithinLine = false
    /// Frames that lack detections, because they did not fit into a line.
    private(set) var incompleteFrames = 0
    /// What the reader that recorded it had asked for, where that skips some of what is found.
    private(set) var request: String?
    /// Whether the daemon's configuration skipped some of what it found.
    private(set) var isFiltered = false
    /// An image that came again counts once.
    private var images: [Image] = []

    init(path: String) throws {
        var hello: Line?
        var seen: Set<String> = []
        var lines = try LineFile(path)
        while let bytes = try lines.next() {
            let place = "\(path): line \(lines.number)"
            let line: Line
            do {
                line = try JSONDecoder().decode(Line.self, from: bytes)
            } catch {
                guard lines.isUnfinished, hello != nil else { throw Failure.badData("\(place) is none of swiftletd's stream") }
                endsWithinLine = true
                break
            }
            if line.type == "hello" {
                if let task = line.task, task != "detection" {
                    throw Failure.badData(
                        "\(place) begins a stream of \(task), which has no boxes to judge: name the model and --images instead")
                }
                if let turn = line.source?.rotate_deg, turn != 0 {
                    throw Failure.badData(
                        "\(place) begins a stream of images turned by \(turn) degrees, and annotations are of upright ones: "
                            + "record it without --rotate and [camera] rotate")
                }
                if line.filtered == true { isFiltered = true }
                // Recordings of several sessions may be in one file, those of several models may not.
                if let labels = hello?.labels, line.labels != labels {
                    throw Failure.badData("\(place) begins the stream of another model: keep each in a file of its own")
                }
                let threshold = max(hello?.threshold ?? 0, line.threshold ?? 0)
                hello = line
                hello?.threshold = line.threshold.map { _ in threshold }
            }
            if line.type == "options" {
                if let classes = line.classes {
                    throw Failure.badData(
                        "\(place): the reader asked for \(classes.count) classes only, and the others would count as missed: "
                            + "record the stream without that request")
                }
                if let score = line.min_score, score > 0 { request = "min_score \(score)" }
                if let every = line.every, every > 1 { request = (request.map { "\($0), " } ?? "") + "every \(every)" }
            }
            guard line.type == "frame", let detections = line.detections else { continue }
            guard let name = line.picture?.name else {
                throw Failure.badData("\(place) is of an image without a name; let swiftletd read a directory")
            }
            for sides in detections.map(\.box_px) {
                guard sides.count == 4, sides[0] <= sides[2], sides[1] <= sides[3] else {
                    throw Failure.badData("\(place): box_px must be four numbers: left, top, right, bottom")
                }
            }
            guard seen.insert(name).inserted else { continue }
            if line.detections_omitted ?? 0 > 0 { incompleteFrames += 1 }
            var size: AnnotationSet.Size?
            if let width = line.width_px, let height = line.height_px, width > 0, height > 0 {
                size = .init(width: width, height: height)
            }
            images.append(Image(name: name, size: size, detections: detections))
        }
        guard let hello, let labels = hello.labels, let threshold = hello.threshold else {
            throw Failure.badData("\(path): has no hello line; record the stream from its beginning")
        }
        var known = Set(labels)
        self.labels = labels
        for label in images.flatMap(\.detections).map(\.label) where known.insert(label).inserted {
            self.labels.append(label)
        }
        self.threshold = threshold
    }

    /// The images' names, in the stream's order.
    var names: [ImageName] { images.map { ImageName($0.name) } }

    /// The images that are annotated, with their sizes where the stream has them.
    func found(_ matching: ImageMatching) -> [FoundImage] {
        zip(images, matching.entries).compactMap { image, entry in
            guard let entry, let size = image.size else { return nil }
            return FoundImage(entry: entry, name: image.name, size: size, isTurned: false)
        }
    }

    /// What was found in the images that are annotated.
    func found(_ matching: ImageMatching, _ classes: CategoryClasses) -> [AveragePrecision.Found] {
        let byClass = classes.categories
        let categories = Dictionary(
            classes.labels.enumerated().compactMap { place, label in byClass[place].map { (label, $0) } }
        ) { first, _ in first }
        return zip(images, matching.entries).flatMap { image, entry -> [AveragePrecision.Found] in
            guard let entry else { return [] }
            return image.detections.compactMap { detection in
                guard let category = categories[detection.label] else { return nil }
                let sides = detection.box_px
                return AveragePrecision.Found(
                    image: entry, category: category,
                    box: .init(x: sides[0], y: sides[1], width: sides[2] - sides[0], height: sides[3] - sides[1]),
                    score: detection.score)
            }
        }
    }
}

/// The lines of a text file, one after the other: only one has to fit into memory.
struct LineFile {
    /// Of the line that was read last, from 1.
    private(set) var number = 0
    /// Whether that line has no end.
    private(set) var isUnfinished = false

    private static let longestLine = 1 << 20
    private static let largestFile = 256 << 20
    private static let chunk = 1 << 16

    private let path: String
    private let file: FileHandle
    private var buffer = Data()
    private var bytesRead = 0

    init(_ path: String) throws {
        self.path = path
        file = try InputFile.open(path)
    }

    /// Without its end; empty lines are passed over.
    mutating func next() throws -> Data? {
        var searched = 0
        while true {
            if let end = buffer[(buffer.startIndex + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                let line = buffer[..<end]
                buffer = buffer[(end + 1)...]
                searched = 0
                if !line.isEmpty { return Data(line) }
                continue
            }
            searched = buffer.count
            guard searched <= Self.longestLine, bytesRead <= Self.largestFile else {
                let limit = searched > Self.longestLine ? "line \(number + 1) is longer than" : "has more than"
                let bytes = searched > Self.longestLine ? Self.longestLine : Self.largestFile
                throw Failure.badData("\(path): \(limit) \(bytes >> 10) KiB, the maximum: is it the right file?")
            }
            let more: Data?
            do {
                more = try file.read(upToCount: Self.chunk)
            } catch {
                throw Failure.noInput("\(path): cannot be read")
            }
            guard let more, !more.isEmpty else {
                guard !buffer.isEmpty else { return nil }
                number += 1
                isUnfinished = true
                defer { buffer = Data() }
                return buffer
            }
            bytesRead += more.count
            buffer = Data(buffer) + more
        }
    }
}

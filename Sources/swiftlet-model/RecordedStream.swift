import Foundation
import Quantizer

/// The lines of a daemon's socket, recorded to a file: what it found in pictures that have names.
struct RecordedStream {
    private struct Line: Decodable {
        struct Detection: Decodable {
            var label: String
            var score: Double
            var box_px: [Double]
        }

        /// A file's name; a number where pictures have none.
        struct Picture: Decodable {
            var name: String?

            init(from decoder: any Decoder) throws { name = try? decoder.singleValueContainer().decode(String.self) }
        }

        var type: String
        var threshold: Float?
        var labels: [String]?
        var picture: Picture?
        var detections: [Detection]?
    }

    /// Of the daemon's model, background first.
    let labels: [String]
    /// Detections score more than this.
    let threshold: Float
    /// Names of the pictures, and what was found in each; a picture that came again counts once.
    private let pictures: [(name: String, detections: [Line.Detection])]

    init(path: String) throws {
        guard let text = FileManager.default.contents(atPath: path) else {
            throw Failure.noInput("\(path): cannot be read")
        }
        var hello: Line?
        var pictures: [(String, [Line.Detection])] = []
        var seen: Set<String> = []
        for (index, bytes) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
            let line: Line
            do {
                line = try JSONDecoder().decode(Line.self, from: Data(bytes))
            } catch {
                throw Failure.badData("\(path): line \(index + 1) is none of swiftletd's stream")
            }
            if line.type == "hello" { hello = line }
            guard line.type == "frame", let detections = line.detections else { continue }
            guard let name = line.picture?.name else {
                throw Failure.badData(
                    "\(path): line \(index + 1) is of a picture without a name; let swiftletd read a folder")
            }
            guard detections.allSatisfy({ $0.box_px.count == 4 }) else {
                throw Failure.badData("\(path): line \(index + 1): box_px wants four numbers")
            }
            if seen.insert(GroundTruth.name(of: name)).inserted { pictures.append((name, detections)) }
        }
        guard let hello, let labels = hello.labels, let threshold = hello.threshold else {
            throw Failure.badData("\(path): has no hello line; record the stream from its beginning")
        }
        self.labels = labels
        self.threshold = threshold
        self.pictures = pictures
    }

    /// The ids of the pictures that the annotations name, and what was found in them.
    func found(_ truth: GroundTruth, _ classes: [Int: Int]) -> (pictures: Set<Int>, found: [AveragePrecision.Found]) {
        let categories = Dictionary(uniqueKeysWithValues: classes.map { (labels[$0.value], $0.key) })
        var ids: Set<Int> = []
        var found: [AveragePrecision.Found] = []
        for (name, detections) in pictures {
            guard let picture = truth.id(of: name) else { continue }
            ids.insert(picture)
            for detection in detections {
                guard let category = categories[detection.label] else { continue }
                let sides = detection.box_px
                found.append(
                    AveragePrecision.Found(
                        picture: picture, category: category,
                        box: .init(x: sides[0], y: sides[1], width: sides[2] - sides[0], height: sides[3] - sides[1]),
                        score: detection.score))
            }
        }
        return (ids, found)
    }
}

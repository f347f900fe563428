import Foundation
import Quantizer

/// The boxes of a photo set, on the command line. Photos are known by their file's name, without folders.
struct GroundTruth {
    let annotations: COCOAnnotations
    /// By file name.
    let ids: [String: Int]
    let path: String

    init(path: String) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Failure.noInput("\(path): cannot be read")
        }
        do {
            annotations = try COCOAnnotations(json: bytes)
        } catch {
            throw Failure.badData("\(path): is not a COCO annotation file: \(error)")
        }
        let names = annotations.pictures.map { (Self.name(of: $0.name), $0.id) }
        ids = Dictionary(names) { first, _ in first }
        self.path = path
    }

    static func name(of path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

    func id(of path: String) -> Int? { ids[Self.name(of: path)] }

    /// By category id, the class of a detector with `labels`, background first.
    func classes(labels: [String]) throws -> [Int: Int] {
        guard let classes = annotations.classes(labels: labels) else {
            throw Failure.badData("\(path): its categories are not the model's labels")
        }
        return classes
    }

    func truths(of results: [PictureRunner.Result]) -> [AveragePrecision.Truth] {
        annotations.truths(in: Set(results.compactMap { id(of: $0.path) }))
    }
}

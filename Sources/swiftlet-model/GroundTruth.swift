import Foundation

/// The boxes of a set of images, on the command line. Whatever is not as it should be is an error, or is said once, before
/// any image runs.
struct GroundTruth {
    let annotations: AnnotationSet
    let path: String
    private let progress: Progress

    init(path: String, progress: Progress) throws {
        self.path = path
        self.progress = progress
        annotations = try InputFile.read(path, limit: AnnotationSet.largestFile) { bytes in
            do throws(AnnotationError) {
                return try AnnotationSet(bytes)
            } catch {
                throw Failure.badData("\(path): \(error.message)")
            }
        }
        annotations.remarks.forEach(remark)
    }

    private func remark(_ text: String) { progress.say(printable("\(path): \(text)")) }

    private func reported<Value>(_ body: () throws(AnnotationError) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw Failure.badData("\(path): \(error.message)")
        }
    }

    /// The category of each class of a detector with `labels`, background first.
    func classes(labels: [String]) throws -> CategoryClasses {
        let classes = try reported { () throws(AnnotationError) in try annotations.classes(labels: labels) }
        classes.remarks.forEach(remark)
        return classes
    }

    /// Which entry each image is.
    func match(_ names: [ImageName]) throws -> ImageMatching {
        try reported { () throws(AnnotationError) in try annotations.match(names) }
    }

    /// Says which images will not be judged, and why; throws where that is all of them.
    /// - Parameter source: where the images are from.
    func report(_ matching: ImageMatching, _ names: [ImageName], of source: String) throws {
        let total = annotations.images.count
        let isForeign = matching.entries.map { $0 == nil }
        guard isForeign.contains(false) else {
            throw Failure.badData(
                "\(path): names none of the images in \(source): it names images such as \(annotations.images[0].name), "
                    + "there are images such as \(names.first?.name ?? "nothing")")
        }
        matching.remarks.forEach(remark)
        if let first = matching.absent.first {
            let count = matching.absent.count
            remark(
                "\(count) of \(total) images that it names \(count == 1 ? "is" : "are") not in \(source), as "
                    + "\(annotations.images[first].name): skipped with \(count == 1 ? "its" : "their") boxes")
        }
        if let first = isForeign.firstIndex(of: true) {
            let count = isForeign.count { $0 }
            remark(
                "\(count) of \(names.count) images in \(source) \(count == 1 ? "is" : "are") not named in it, as "
                    + "\(names[first].name): skipped")
        }
    }

    /// Throws where boxes are not of these images as they are; says what may be so.
    func check(_ found: [FoundImage]) throws {
        try reported { () throws(AnnotationError) in try annotations.check(found) }.forEach(remark)
    }

    /// What is to be found in images: places in the annotations' list of them.
    func truths(in images: Set<Int>) -> [AveragePrecision.Truth] {
        annotations.objects.filter { images.contains($0.image) }.map {
            AveragePrecision.Truth(
                image: $0.image, category: $0.category,
                box: .init(x: $0.box[0], y: $0.box[1], width: $0.box[2], height: $0.box[3]), area: $0.area,
                isCrowd: $0.isCrowd)
        }
    }
}

extension CategoryClasses {
    /// By class, the category.
    var categories: [Int: Int] { Dictionary(zip(classes, classes.indices)) { first, _ in first } }
}

extension URL {
    /// The last part of a path, for people.
    static func name(of path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }
}

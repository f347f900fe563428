/// An image as it lies on the disk, for comparison with its entry.
public struct FoundImage: Sendable {
    let entry: Int
    let name: String
    let size: AnnotationSet.Size
    let isTurned: Bool

    /// - Parameters:
    ///   - entry: a place in `AnnotationSet.images`.
    ///   - name: for messages.
    ///   - size: of the upright image.
    ///   - isTurned: whether its EXIF data ask for a quarter turn.
    public init(entry: Int, name: String, size: AnnotationSet.Size, isTurned: Bool) {
        self.entry = entry
        self.name = name
        self.size = size
        self.isTurned = isTurned
    }
}

extension AnnotationSet {
    /// Throws where the boxes are not of the images as they are: scaled after they were annotated, annotated lying, or
    /// boxes in another form than COCO's. Returns what looks so without being sure, a line each.
    public func check(_ found: [FoundImage]) throws(AnnotationError) -> [String] {
        try ImageChecks(self, found).check()
    }
}

struct ImageChecks {
    private let set: AnnotationSet
    private let found: [FoundImage]
    private let wanted = "COCO's bbox is [left, top, width, height] in pixels"

    init(_ set: AnnotationSet, _ found: [FoundImage]) {
        self.set = set
        self.found = found
    }

    static func shown(_ box: [Double]) -> String { "[" + box.map(JSONValue.shown).joined(separator: ", ") + "]" }

    func check() throws(AnnotationError) -> [String] {
        try checkSizes()
        try checkShares()
        try checkEdges()
        try checkAreas()
        return largeAreas() + percentages()
    }

    /// Of the images as they are, or as the file says.
    private var sizes: [Size?] {
        var sizes = set.images.map(\.size)
        for image in found { sizes[image.entry] = image.size }
        return sizes
    }

    private func checkSizes() throws(AnnotationError) {
        let wrong = found.filter { image in
            set.images[image.entry].size.map { $0 != image.size } ?? false
        }
        let lying = wrong.filter { $0.isTurned && set.images[$0.entry].size == $0.size.swapped }
        func others(_ count: Int) -> String {
            count == 1 ? "" : ", and \(count - 1) more image\(count == 2 ? "" : "s") likewise"
        }
        if let first = lying.first {
            throw AnnotationError(
                "\(first.name) is \(first.size.shown) when it is turned as its EXIF data say, the annotations are of "
                    + "\(first.size.swapped.shown)\(others(lying.count)): annotate upright images, or turn them with "
                    + "exiftran -ai and annotate those")
        }
        if let first = wrong.first, let said = set.images[first.entry].size {
            let fix =
                said == first.size.swapped
                ? "width and height are swapped, or the image lay on its side when it was annotated: annotate it again"
                : "export the boxes again, or use the images they are of"
            throw AnnotationError(
                "\(first.name) is \(first.size.shown), but its entry says \(said.shown)\(others(wrong.count)): "
                    + "boxes would be wrong: \(fix)")
        }
    }

    private func checkShares() throws(AnnotationError) {
        let small = set.objects.filter { $0.box.allSatisfy { abs($0) <= 1 } }
        guard let first = small.first else { return }
        throw AnnotationError(
            "\(count(small)) smaller than a pixel, as \(told(first)): they look like shares of the image's sides; "
                + wanted)
    }

    /// Boxes may stick out by a pixel of rounding, not more.
    private func checkEdges() throws(AnnotationError) {
        let sizes = sizes
        func fits(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double, _ size: Size) -> Bool {
            left >= -1 && top >= -1 && right <= size.width + 1 && bottom <= size.height + 1
        }
        let known = set.objects.compactMap { object in sizes[object.image].map { (object: object, size: $0) } }
        let outside = known.filter { object, size in
            !fits(object.box[0], object.box[1], object.box[0] + object.box[2], object.box[1] + object.box[3], size)
        }
        guard let first = outside.first else { return }
        let areCorners = known.allSatisfy { object, size in
            let box = object.box
            return box[2] > box[0] && box[3] > box[1] && fits(box[0], box[1], box[2], box[3], size)
        }
        let areCentres = known.allSatisfy { object, size in
            let box = object.box, across = box[2] / 2, down = box[3] / 2
            return fits(box[0] - across, box[1] - down, box[0] + across, box[1] + down, size)
        }
        let guess =
            areCorners
            ? "they look like corners (left, top, right, bottom); "
            : areCentres ? "they look like centres (middle, width, height); " : ""
        throw AnnotationError(
            "\(count(outside.map(\.object))) outside the image, as \(told(first.object)), "
                + "which is \(first.size.shown): \(guess)\(wanted)")
    }

    /// Corners that lie within the image as sizes too are known by areas that were computed rightly.
    private func checkAreas() throws(AnnotationError) {
        func isNear(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= 0.01 * abs(other) + 1 }
        let areCorners = set.objects.allSatisfy { object in
            let box = object.box
            return box[2] > box[0] && box[3] > box[1] && isNear(object.area, (box[2] - box[0]) * (box[3] - box[1]))
                && !isNear(object.area, box[2] * box[3])
        }
        guard areCorners else { return }
        throw AnnotationError(
            "by their areas all boxes look like corners (left, top, right, bottom), as \(told(set.objects[0])); "
                + wanted)
    }

    /// No part of a box is larger than the box: where most areas are, boxes and areas are not of one size of image.
    private func largeAreas() -> [String] {
        let large = set.objects.filter { $0.area > 1.01 * $0.box[2] * $0.box[3] + 1 }
        guard large.count * 2 > set.objects.count, let first = large.first else { return [] }
        return [
            "\(large.count) of \(set.objects.count) areas are larger than their boxes, as "
                + "\(JSONValue.shown(first.area)) of \(told(first)): were the boxes scaled without their areas? \(wanted)"
        ]
    }

    /// Boxes in percent of the sides are boxes in the top left corner. A few may really be there.
    private func percentages() -> [String] {
        let sizes = sizes
        let large = set.objects.allSatisfy { object in
            guard let size = sizes[object.image], size.width >= 200, size.height >= 200 else { return false }
            return object.box[0] + object.box[2] <= 101 && object.box[1] + object.box[3] <= 101
        }
        guard large, set.objects.count >= 5 else { return [] }
        return [
            "all \(set.objects.count) boxes lie in the first 100 pixels from the left and the top, as "
                + "\(told(set.objects[0])): are they percentages of the image's sides? \(wanted)"
        ]
    }

    private func count(_ objects: [Object]) -> String {
        let (some, all) = (objects.count, set.objects.count)
        return some == all ? "all \(all) boxes are" : "\(some) of \(all) boxes \(some == 1 ? "is" : "are")"
    }

    private func told(_ object: Object) -> String {
        "\(Self.shown(object.box)) in \(object.place) of \(set.images[object.image].name)"
    }

    private typealias Object = AnnotationSet.Object
    private typealias Size = AnnotationSet.Size
}

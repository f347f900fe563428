@testable import Annotations

/// An annotation file, up to what is judged: its images found by name, its boxes checked, its categories matched.
struct AnnotationsTarget: FuzzTarget {
    static let name = "annotations"
    static let longest = 4096
    static let seeds = ["Tests/Fixtures/annotations/base.json"]

    private let names = [
        ImageName("table-01.jpg"), ImageName("monday/table-02.jpg", in: "/photos"), ImageName("Caf\u{E9} 1.JPG"),
    ]

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        let set = try AnnotationSet(bytes)
        for object in set.objects {
            guard set.images.indices.contains(object.image), set.categories.indices.contains(object.category),
                object.box.count == 4, object.box.allSatisfy(\.isFinite), object.box[2] > 0, object.box[3] > 0,
                object.area.isFinite
            else { fatalError("an object that cannot be judged") }
        }
        let classes = try? set.classes(labels: ["background", "nine", "ten"])
        guard classes?.classes.allSatisfy({ classes!.labels.indices.contains($0) }) ?? true else {
            fatalError("a class without a label")
        }
        let matching = try set.match(names)
        let taken = matching.entries.compactMap { $0 }
        guard Set(taken).count == taken.count, taken.count + matching.absent.count == set.images.count else {
            fatalError("an entry of two images, or of none")
        }
        _ = try set.check(
            zip(names, matching.entries).compactMap { name, entry in
                entry.map {
                    FoundImage(entry: $0, name: name.name, size: .init(width: 96, height: 72), isTurned: true)
                }
            })
    }
}

/// A label file.
struct LabelsTarget: FuzzTarget {
    static let name = "labels"
    static let longest = 1024
    static let seeds = ["models/cards/labels.txt"]

    /// The last byte tells how many classes the network has, and whether it is a detector.
    func run(_ bytes: UnsafeRawBufferPointer) throws {
        guard let last = bytes.last else { return }
        let file = try LabelFile(
            UnsafeRawBufferPointer(rebasing: bytes.dropLast()), count: Int(last % 16), isDetector: last < 128)
        guard file.labels.count == Int(last % 16), Set(file.labels).count == file.labels.count,
            file.labels.allSatisfy({ (1...LabelFile.longestLabel).contains($0.utf8.count) && !$0.contains("\n") })
        else { fatalError("labels that no model can have") }
    }
}

/// A mask.
struct MaskTarget: FuzzTarget {
    static let name = "masks"
    static let longest = 1024
    static let seeds: [String] = []

    func run(_ bytes: UnsafeRawBufferPointer) throws {
        // What an input says of its size must not cost the memory that a file may take.
        guard bytes.count < 24 || (bytes[16] | bytes[17] | bytes[20] | bytes[21]) == 0 else { return }
        let mask = try MaskFile(bytes)
        guard mask.width > 0, mask.height > 0, mask.classes.count == mask.width * mask.height else {
            fatalError("a mask without pixels")
        }
    }
}

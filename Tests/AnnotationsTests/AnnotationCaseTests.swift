import Foundation
import TestSupport
import Testing

@testable import Annotations

/// The list of cases that models/trainer/tests/test_annotations.py runs on the trainer's reader too.
struct AnnotationCase: Decodable, CustomTestStringConvertible {
    struct Image: Decodable {
        var name: String
        var width: Double?
        var height: Double?
        var turned: Bool?
    }

    struct Outcome: Decodable, Equatable {
        var error: String?
        var remarks: [String]?
        var classes: [String]?
        var objects: [String]?
        var absent: [String]?
        var unnamed: [String]?
    }

    var name: String
    var edit: [[String]]?
    var text: String?
    var base64: String?
    var encoding: String?
    var mark: Bool?
    var images: [Image]?
    var directory: String?
    /// nil: as the base, where `holds` is nil too.
    var outcome: Outcome?
    var holds: [String]?

    enum CodingKeys: String, CodingKey {
        case name, edit, text, base64, encoding, mark, images, directory, outcome, holds
    }

    init(name: String) { self.name = name }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        edit = try values.decodeIfPresent([[String]].self, forKey: .edit)
        text = try values.decodeIfPresent(String.self, forKey: .text)
        base64 = try values.decodeIfPresent(String.self, forKey: .base64)
        encoding = try values.decodeIfPresent(String.self, forKey: .encoding)
        mark = try values.decodeIfPresent(Bool.self, forKey: .mark)
        images = try values.decodeIfPresent([Image].self, forKey: .images)
        directory = try values.decodeIfPresent(String.self, forKey: .directory)
        holds = try values.decodeIfPresent([String].self, forKey: .holds)
        outcome = try? values.decodeIfPresent(Outcome.self, forKey: .outcome)
    }

    var testDescription: String { name }

    static let all = try! JSONDecoder().decode([AnnotationCase].self, from: Data(fixtureBytes("annotations/cases.json")))
    static let base = try! String(decoding: fixtureBytes("annotations/base.json"), as: UTF8.self)

    /// The case's file.
    func content() throws -> [UInt8] {
        if let base64 { return Array(try #require(Data(base64Encoded: base64))) }
        var text = self.text ?? Self.base
        for pair in edit ?? [] {
            // By bytes: Swift's characters join what an edit takes apart.
            let (old, new) = (Array(pair[0].utf8), Array(pair[1].utf8))
            text = String(decoding: Self.replacing(Array(text.utf8), old, new), as: UTF8.self)
        }
        switch encoding {
        case nil: return Array(text.utf8)
        case "utf-8-sig": return [0xEF, 0xBB, 0xBF] + text.utf8
        case "latin-1": return text.unicodeScalars.map { UInt8($0.value) }
        default:
            let isBig = encoding == "utf-16-be"
            let units = (mark == true ? [0xFEFF] : []) + Array(text.utf16)
            return units.flatMap { unit in
                let pair = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
                return isBig ? pair : pair.reversed()
            }
        }
    }

    private static func replacing(_ text: [UInt8], _ old: [UInt8], _ new: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [], position = 0
        while position < text.count {
            if text[position...].starts(with: old) {
                result += new
                position += old.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    /// What becomes of the file beside the case's images.
    func found() throws -> Outcome {
        let images =
            self.images ?? ["table-01.jpg", "table-02.jpg"].map { Image(name: $0, width: 96, height: 72) }
        do {
            return try Self.outcome(content(), images, directory ?? "")
        } catch let error as AnnotationError {
            return Outcome(error: error.message)
        }
    }

    private static func outcome(
        _ content: [UInt8], _ images: [Image], _ directory: String
    ) throws -> Outcome {
        let set = try content.withUnsafeBytes { try AnnotationSet($0) }
        let matching = try set.match(images.map { ImageName($0.name, in: directory) })
        let doubts = try set.check(
            zip(images, matching.entries).compactMap { image, entry in
                guard let entry, let width = image.width, let height = image.height else { return nil }
                return FoundImage(
                    entry: entry, name: image.name, size: .init(width: width, height: height),
                    isTurned: image.turned ?? false)
            })
        var objects: [String] = []
        for object in set.objects {
            guard let place = matching.entries.firstIndex(of: object.image) else { continue }
            let area = object.area == object.box[2] * object.box[3] ? "" : " area \(JSONValue.shown(object.area))"
            objects.append(
                "\(images[place].name): \(set.categories[object.category].name) \(ImageChecks.shown(object.box))"
                    + "\(area)\(object.isCrowd ? " crowd" : "")")
        }
        return Outcome(
            error: nil, remarks: set.remarks + matching.remarks + doubts, classes: set.categories.map(\.name), objects: objects,
            absent: matching.absent.map { set.images[$0].name },
            unnamed: zip(images, matching.entries).filter { $0.1 == nil }.map(\.0.name))
    }
}

@Suite struct AnnotationCaseTests {
    @Test(arguments: AnnotationCase.all) func outcome(of annotations: AnnotationCase) throws {
        let found = try annotations.found()
        if let holds = annotations.holds {
            for part in holds { #expect(found.error?.contains(part) == true, "\(found.error ?? "no error")") }
        } else {
            #expect(try found == annotations.outcome ?? AnnotationCase(name: "base").found())
        }
        #expect(found.error?.utf8.count ?? 0 < 500)
    }
}

import Foundation
import Testing

@testable import Annotations

/// Which class of a model each category is.
@Suite struct CategoryClassesTests {
    private func set(_ categories: String) throws -> AnnotationSet {
        let json = #"""
            {"images": [{"id": 5, "file_name": "a.jpg"}], "categories": [\#(categories)],
             "annotations": [{"image_id": 5, "category_id": 9, "bbox": [1, 2, 3, 4]}]}
            """#
        return try Array(json.utf8).withUnsafeBytes { try AnnotationSet($0) }
    }

    private let two = #"{"id": 9, "name": " Ten"}, {"id": 2, "name": "ace"}"#

    @Test func namesDecide() throws {
        let classes = try set(two).classes(labels: ["background", "ace", "king", "ten"])
        // In the order of their ids: ace, ten.
        #expect(classes.classes == [1, 3] && classes.remarks.isEmpty)
        #expect(classes.labels == ["background", "ace", "king", "ten"])
    }

    /// The order of ids never decides once a name fits: what is spelt otherwise is no label, and is said.
    @Test func oneSpeltOtherwise() throws {
        let classes = try set(two).classes(labels: ["background", "ace", "10"])
        #expect(classes.classes == [1, 3] && classes.labels == ["background", "ace", "10", "Ten"])
        #expect(
            classes.remarks == [
                "the model has no label Ten: its annotations count as not found; "
                    + "labels without a category: 10"
            ])
    }

    @Test func orderIsAGuessThatIsSaid() throws {
        let classes = try set(two).classes(labels: ["background", "class 1", "class 2"])
        #expect(classes.classes == [1, 2])
        #expect(classes.remarks.count == 1 && classes.remarks[0].contains("(ace, Ten)"))
        #expect(throws: AnnotationError.self) { try set(two).classes(labels: ["background", "class 1"]) }
    }

    @Test func aLabelTwiceIsNoTrap() throws {
        let labels = ["background", "ace", "ace", "ten"]
        let error = #expect(throws: AnnotationError.self) { try set(two).classes(labels: labels) }
        #expect(error?.message == "the model calls class 1 and class 2 alike, ace: give it labels that differ")
        // One of them is written as the category is.
        #expect(try set(two).classes(labels: ["background", "ACE", "ace", "ten"]).classes == [2, 3])
    }
}

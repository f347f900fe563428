import Foundation
import TestSupport
import Testing

@testable import Annotations

/// Label files as people's tools write them.
@Suite struct LabelFileTests {
    private static let labels = ["nine", "ten", "jack"]

    private func read(_ bytes: some Sequence<UInt8>, count: Int = 3, isDetector: Bool = true) throws -> LabelFile {
        try Array(bytes).withUnsafeBytes { try LabelFile($0, count: count, isDetector: isDetector) }
    }

    @Test(arguments: ["background\nnine\nten\n", "0 background\n1 nine\n2 ten\n", "names: [background, nine, ten]\n"])
    func aBackgroundIsAClassOfASegmenter(text: String) throws {
        #expect(try read(text.utf8, isDetector: false).labels == ["background", "nine", "ten"])
        #expect(throws: AnnotationError.self) { try read(text.utf8) }
    }

    @Test(arguments: [
        "nine\nten\njack\n", "nine\r\nten\r\njack", "\u{FEFF}nine\nten\njack\n", "\n nine \n\nten\n\tjack\n",
        "background\nnine\nten\njack\n", "__background__\nnine\nten\njack\n", "_background_\nnine\nten\njack\n",
        "Background\nnine\nten\njack\n", "???\nnine\nten\njack\n",
        #"["nine", "ten", "jack"]"#, #"{"names": ["nine", "ten", "jack"]}"#, #"{"0": "nine", "2": "jack", "1": "ten"}"#,
        #"{"nine": 0, "ten": 1, "jack": 2}"#, #"{"id2label": {"0": "nine", "1": "ten", "2": "jack"}}"#,
        #"{"nc": 3, "names": {"1": "nine", "2": "ten", "3": "jack"}}"#, #"[{"name": "nine"}, {"name": "ten"}, {"name": "jack"}]"#,
        #"{"images": [], "categories": [{"id": 10, "name": "jack"}, {"id": "2", "name": "ten"}, {"id": 1, "name": "nine"}]}"#,
        "names:\n  0: nine\n  1: ten\n  2: jack\n", "train: a\nnc: 3\nnames: [nine, 'ten', \"jack\"]  # classes\n",
        "names:\n- nine\n- ten # of ten\n- 'jack'\nnc: 3\n", "names:\n  - nine\n  - ten\n\n  - jack\ntrain: x\n",
        "names: [\n  nine,\n  ten, # ten\n  jack,\n]\n", "names: {0: nine, 1: ten, 2: jack}\n",
        "names:\n  '0': nine\n  '1': ten\n  '2': jack\n",
        "Names: [nine, ten, jack]\nNC: 3\n", "CLASSES:\n- nine\n- ten\n- jack\n", #"{"Names": ["nine", "ten", "jack"], "nc": 3}"#,
        "nc: 3\nnames: [background, nine, ten, jack]\n", "nc: 4\nnames: [background, nine, ten, jack]\n",
        "nc: 3\nclasses:\n- nine\n- ten\n- jack\n", "labels: ['nine', 'ten', 'jack']\n",
        #"{"classes": 3, "labels": ["nine", "ten", "jack"]}"#,
        "names = ['nine', 'ten', 'jack']\n", "CLASSES = (\n    'nine', 'ten',  # cards\n    'jack',\n)\n",
        "const labels = [\"nine\", \"ten\", \"jack\"];",
        "\"names\":\n- nine\n- ten\n- jack\n",
        "item { id: 1 name: 'nine' } item { id: 2, name: 'ten' }\nitem { name: \"jack\" id: 3 }",
        "# cards\nitem {\n  name: 'nine' # of 52\n  id: 1\n}\nitem { id: 2 name: 'ten' }\nitem { id: 3 name: 'jack' }",
        "['nine', 'ten', \"jack\"]", "{0: 'nine', 1: 'ten', 2: 'jack'}", "{'nine': 0,\n 'ten': 1,\n 'jack': 2}",
        #"{"model_type": "x", "id2label": {"0": "nine", "1": "ten", "2": "jack"}, "num_labels": 3}"#,
        #"[{"id": 3, "name": "jack"}, {"id": 1, "name": "nine"}, {"id": 2, "name": "ten"}]"#,
        #"{"classes": [{"title": "nine"}, {"title": "ten"}, {"title": "jack"}]}"#, #"{"categories": ["nine", "ten", "jack"]}"#,
        #"{"categories": [{"id": 0, "name": "cards", "supercategory": "none"}, {"id": 1, "name": "nine", "supercategory": "cards"}, {"id": 2, "name": "ten", "supercategory": "cards"}, {"id": 3, "name": "jack", "supercategory": "cards"}]}"#,
        "N/A\nnine\nten\njack\n", "unlabeled\nnine\nten\njack\n", "nine\nten\njack\nbackground\n",
        "item {\n  id: 1\n  name: 'nine'\n}\nitem {\n  id: 2\n  name: 'ten'\n}\nitem {\n  id: 3\n  name: \"jack\"\n}\n",
        "item {\n  name: \"/m/01\"\n  id: 2\n  display_name: \"ten\"\n}\nitem { id: 1, name: \"nine\" }\nitem { id: 3, name: \"jack\" }\n",
    ]) func formsOfTheSameLabels(text: String) throws {
        let file = try read(text.utf8)
        #expect(file.labels == Self.labels && file.remarks.isEmpty)
    }

    @Test(arguments: [
        "0 nine\n1 ten\n2 jack\n", "0  nine\n1  ten\n2  jack\n", "1 nine\n2 ten\n3 jack\n", "0: nine\n1: ten\n2: jack\n",
        "0:nine\n1:ten\n2:jack\n", "1. nine\n2. ten\n3. jack\n", "1) nine\n2) ten\n3) jack\n", "0\tnine\n1\tten\n2\tjack\n",
        "0,nine\n1,ten\n2,jack\n", "0 = nine\n1 = ten\n2 = jack\n", "0: 'nine'\n1: 'ten'\n2: 'jack'\n",
        "0 background\n1 nine\n2 ten\n3 jack\n", "0 ???\n1 nine\n2 ten\n3 jack\n", "2 jack\n0 nine\n1 ten\n",
        "nine,\nten,\njack,\n", "nine,\nten,\njack\n", "\"nine\",\n\"ten\",\n\"jack\"\n", "'nine'\n'ten'\n'jack'\n",
        "0|nine\n1|ten\n2|jack\n", "0 -> nine\n1 -> ten\n2 -> jack\n", "[0] nine\n[1] ten\n[2] jack\n",
        "(1) nine\n(2) ten\n(3) jack\n",
        "nine 0\nten 1\njack 2\n", "nine=1\nten=2\njack=3\n", "nine;\nten;\njack;\n", "* nine\n* ten\n* jack\n",
        "nine  # 9\nten # 10\njack # J\n",
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\njack:9,0,0::\n".replacingOccurrences(
            of: "jack:", with: "nine:9,1,0::\nten:9,2,0::\njack:"),
        "nine,0\nten,1\njack,2\n", "nine\t0\nten\t1\njack\t2\n", "- nine\n- ten\n- jack\n", "nine, ten, jack\n", "nine;ten;jack",
        "\"nine\",\"ten\",\"jack\"\n", "# cards\nnine\nten\njack\n", "// cards\n0 nine\n1 ten\n2 jack\n",
        "#cards\n\n#of 52\nnine\nten\njack",
        "id,name\n0,nine\n1,ten\n2,jack\n", "name,id,colour\njack,3,red\nnine,1,red\nten,2,red\n", "label\nnine\nten\njack\n",
        "Index;Label\n1;\"nine\"\n2;ten\n3;jack\n", "class_id\tclass_name\n0\tbackground\n1\tnine\n2\tten\n3\tjack\n",
    ]) func whatIsNoPartOfALabelIsSaid(text: String) throws {
        let file = try read(text.utf8)
        #expect(file.labels == Self.labels && (1...2).contains(file.remarks.count), "\(file.remarks)")
    }

    @Test(arguments: [
        ["1 euro", "2 euro", "5 euro"], ["1", "2", "3"], ["1 euro", "2 euro", "3 euro"], ["2 nine", "3 ten", "4 jack"],
        ["7up", "cola", "water"], ["a: 1", "b: 2", "c: 4"], ["salt, fine", "salt, coarse", "pepper"], ["it's", "isn't", "'s"],
        ["class #1", "# 2", "C#"], ["#1", "#2", "#3"], ["salt 1", "salt 2", "pepper"], ["<unk>", "ten", "jack"],
        ["(1)", "(2)", "(3)"], ["a # b", "ten", "jack"],
        ["a: b: c: d", "ten", "jack"], ["x = [1]", "ten", "jack"], ["none", "ten", "jack"], ["name", "ten", "jack"],
        ["id, name", "ten", "jack"],
        ["names = x", "ten", "jack"], ["classes:", "ten", "jack"], ["names of cards", "ten", "jack"],
        ["24 hours", "48 hours", "week"],
    ]) func labelsThatLookAlmostSo(labels: [String]) throws {
        let file = try read(labels.joined(separator: "\n").utf8)
        #expect(file.labels == labels && file.remarks.isEmpty)
    }

    /// Marks of YAML in quotes are labels, and so are brackets that are closed.
    @Test func whatOnlyLooksLikeAListsOrYAMLsPart() throws {
        #expect(try read("names: ['*', \"&\", '@ten']".utf8).labels == ["*", "&", "@ten"])
        #expect(try read("names:\n- '*'\n- a & b\n- 'x: y'".utf8).labels == ["*", "a & b", "x: y"])
        #expect(try read("nine, [PAD], a [1]".utf8).labels == ["nine", "[PAD]", "a [1]"])
        #expect(try read("*\n&\n@".utf8).labels == ["*", "&", "@"])
    }

    @Test func numbersOfSomeLinesAreSaid() throws {
        let file = try read("0 nine\nten\n2 jack".utf8)
        #expect(file.labels == ["0 nine", "ten", "2 jack"])
        #expect(file.remarks == ["2 of 3 lines start with their number, which is taken as part of the label"])
    }

    @Test func otherEncodings() throws {
        let text = "café\nten\njack\n"
        #expect(try read([0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }).labels[0] == "café")
        let error = #expect(throws: AnnotationError.self) { try read(text.unicodeScalars.map { UInt8($0.value) }) }
        #expect(error?.message == "is not UTF-8 (in line 1): save it as UTF-8")
    }

    @Test(arguments: [
        ("nine\nten\n\nten\n", "line 2 and line 4 are both ten: every class needs a label of its own"),
        ("caf\u{E9}\ncafe\u{301}\njack", "line 1 and line 2 are both cafe\u{301}: every class needs a label of its own"),
        ("0: nine\n1: nine\n2: ten", "line 1 and line 2 are both nine: every class needs a label of its own"),
        ("nine\nten\n", "2 labels, but the network has 3 classes beside the background"),
        ("nine\nten\njack\nqueen\n", "4 labels, but the network has 3 classes beside the background"),
        ("", "is empty: use a text file with one label per line"), ("\n \n", "is empty: use a text file with one label per line"),
        (
            "<!DOCTYPE html>\n<html></html>",
            "is an XML or HTML page, not a list of labels: use a text file with one label per line"
        ),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
            "is a Git LFS pointer, not a list of labels: use a text file with one label per line"
        ),
        ("0 0.5 0.5 0.25 0.125\n", "is YOLO's text of one image, not a list of labels: use a text file with one label per line"),
        ("nine\nten\nja\u{1B}ck", "line 3 contains a control character: write labels without"),
        (#"["nine", "", "jack"]"#, "entry 1 is empty: every class needs a label"),
        (#"["nine", null, "jack"]"#, "entry 1 is null, but must be a text"),
        (#"["nine", "t\nen", "jack"]"#, "entry 1 contains a control character: write labels without"),
        (#"["nine", "ten", "jack""#, "is not valid JSON: expected a comma or ], at line 1, column 23"),
        (#"{"nine": 0, "ten": 1, "jack": 3}"#, "numbers its labels otherwise than 0, 1, 2, ...: 3 is jack"),
        (#"{"nine": "x"}"#, "contains \"nine\", which is not the number of a label: use a text file with one label per line"),
        ("names: [nine, ten", "`names` has no end: a ] is missing"),
        ("names:\n  0: nine\n  2: ten\n", "numbers its labels otherwise than 0, 1, 2, ...: 2 is ten"),
        ("0 a\n1 b\n2 c\n3 d\n5 e\n", "line 5 has the number 5, but 4 is expected: write one label a line, without numbers"),
        (
            "background\nnine\nten\n",
            "line 1 is background, which is not one of the network's 3 classes: a label is missing, and all others would be off by one"
        ),
        (
            "classes = 3\ntrain = a\nvalid = b\nnames = obj.names\n",
            "is darknet's .data file: use the file that its line `names` names"
        ),
        ("names:\n- name: nine\n- name: ten\n", "line 2 is not a label of the list: use a text file with one label per line"),
        ("id,name\n0,nine\n1\n2,jack\n", "line 3 has fewer columns than the heading: use a text file with one label per line"),
        ("id,name\n1,nine\n2,ten\n4,jack\n", "numbers its labels otherwise than 0, 1, 2, ...: 4 is jack"),
        (
            "names:\n- nine\n- &a ten\n- *a\n",
            "line 3 starts with &, which has a meaning in YAML: write the label in quotes, or use a text file with one label per line"
        ),
        (
            "names: [nine, *ten, jack]\n",
            "name 1 starts with *, which has a meaning in YAML: write the label in quotes, or use a text file with one label per line"
        ),
        (
            "names:\n  0: nine\n  1: !!str ten\n  2: jack\n",
            "line 3 starts with !, which has a meaning in YAML: write the label in quotes, or use a text file with one label per line"
        ),
        (
            "names: |\n  nine\n  ten\n",
            "what follows line 1's key starts with |, which has a meaning in YAML: write the label in quotes, or use a text file with one label per line"
        ),
        ("Names: [nine, ten, jack]\nnc: 4\n", "`nc` is 4, but 3 labels are listed: one of the two is wrong"),
        (#"{"nc": 2, "names": ["nine", "ten", "jack"]}"#, "`nc` is 2, but 3 labels are listed: one of the two is wrong"),
        (
            "nc: 3, names: [nine, ten\n",
            "its one line is not a list of labels, as \"names: [nine\": use a text file with one label per line"
        ),
        ("nine, ten, jack]\n", "its one line is not a list of labels, as \"jack]\": use a text file with one label per line"),
        ("PK\u{3}\u{4}", "is a zip archive, not a list of labels: use a text file with one label per line"),
    ]) func mistakes(text: String, message: String) {
        let error = #expect(throws: AnnotationError.self) { try read(text.utf8) }
        #expect(error.map { Array($0.message.utf8) } == Array(message.utf8), "\(error?.message ?? "")")
    }

    /// Pieces of all forms in any order give as many labels as are wanted, all different, or an error.
    @Test func piecesOfAllFormsAreHarmless() throws {
        let pieces = [
            "nine", "ten", "\n", "\r\n", " ", "\t", ":", ",", ";", "=", "|", "#", " # ", "//", "- ", "* ", "->", "[", "]", "{",
            "}", "(",
            ")", "\"", "'", "\\", "0", "1", "2", "names", "id", "name", "item {", "names:", "classes: [", "{\"id2label\": {",
            "background",
            "\u{FEFF}", "\u{301}", "\u{0}", "???", "0: nine\n1: ten\n2: jack", "id,name\n", "[0] ", "é", "::", "categories",
            "true", "null",
        ]
        var generator = SeededGenerator(seed: 20_261_130)
        var taken = 0
        for _ in 0..<6_000 {
            let text = (0..<Int.random(in: 1...12, using: &generator)).map { _ in pieces.randomElement(using: &generator)! }
                .joined()
            let count = Int.random(in: 1...4, using: &generator)
            guard let file = try? read(text.utf8, count: count) else { continue }
            taken += 1
            #expect(file.labels.count == count && Set(file.labels.map { Array($0.utf8) }).count == count, "\(text)")
            #expect(file.labels.allSatisfy { !$0.isEmpty && $0.utf8.count <= LabelFile.longestLabel }, "\(text)")
        }
        #expect(taken > 100)
    }

    /// What cannot be a label is named by its place, whatever its length.
    @Test func longLabels() throws {
        let longest = String(repeating: "\u{E9}", count: 127) + "a"
        #expect(try read("nine\nten\n\(longest)".utf8).labels[2] == longest)
        let error = #expect(throws: AnnotationError.self) { try read("nine\nten\n\(longest)b".utf8) }
        #expect(error?.message == "line 3 has 256 bytes, but a label has at most 255: is it one label a line?")
    }
}

"""Invented people's names, from many places, with the accents and marks that files have to survive."""

FIRST = """
Ana Liam Olivia Noah Emma Mateo Sofía Aisha Omar Fatima Wei Mei Hiroshi Yuki Priya Arjun Anjali Rahul Chidi Ngozi
Kwame Amara Zanele Thabo Björn Astrid Søren Ingrid Łukasz Zofia Agnieszka Piotr Dmitri Olga Irina Natalia Giorgos
Eleni Luca Giulia Chloé Zoë René François Amélie João Inês Thiago Beatriz Siobhán Niamh Seán Ciarán Aoife Nguyễn
Linh Minh Thảo Soo-jin Min-jun Ji-woo Leilani Kai Keoni Dakota Winona Tyrone Keisha DeShawn Latoya Jamal Ebony
William Elizabeth Robert Margaret Michael Catherine James Jennifer Thomas Susan Richard Barbara Joseph Deborah
Charles Patricia Daniel Nancy Anthony Karen Steven Linda Benjamin Rebecca Samuel Abigail Christopher Alexandra
Hal Bo Mary-Kate Jean-Luc Anne-Marie D'Arcy Yosef Rivka Avi Shira Levon Ani Tariq Layla Ibrahim Noor Bogdan Ioana
""".split()  # noqa: SIM905 - a list literal of 130 names would be a page long

LAST = """
Ruiz Müller Ng Lee Smith Johnson García Martínez Rodríguez Hernández López O'Brien O'Connor D'Angelo McAllister
MacDonald Nguyen Trần Phạm Kim Park Choi Tanaka Suzuki Wang Zhang Chen Patel Sharma Gupta Singh Okafor Adeyemi Mensah
Dlamini Nkosi Andersson Sørensen Lindqvist Kowalski Wiśniewski Nowak Ivanova Petrov Papadopoulos Rossi Bianchi Dubois
Lefèvre Côté Silva Ferreira Gonçalves Murphy Gallagher Fitzgerald Washington Jefferson Freeman Begay Yazzie Kealoha
Cohen Levi Goldberg Petrosyan Haddad Hussein Khalil Popescu Novák Horváth Jansen Peeters Smythe-Jones Ortega-Villanueva
Featherstonehaugh Vandenberghe-Christodoulou Brown Davis Miller Wilson Moore Taylor Anderson White Harris Clark Lewis
Walker Young King Wright Scott Green Baker Adams Nelson Hill Campbell Mitchell Carter Roberts Turner Phillips Evans
""".split()  # noqa: SIM905

NICKNAMES = {
    "William": "Bill",
    "Elizabeth": "Liz",
    "Robert": "Bob",
    "Margaret": "Peggy",
    "Michael": "Mike",
    "Catherine": "Cathy",
    "James": "Jim",
    "Jennifer": "Jen",
    "Thomas": "Tom",
    "Susan": "Sue",
    "Richard": "Rick",
    "Barbara": "Barb",
    "Joseph": "Joe",
    "Deborah": "Debbie",
    "Charles": "Chuck",
    "Patricia": "Pat",
    "Daniel": "Dan",
    "Anthony": "Tony",
    "Steven": "Steve",
    "Benjamin": "Ben",
    "Rebecca": "Becky",
    "Samuel": "Sam",
    "Abigail": "Abby",
    "Christopher": "Chris",
    "Alexandra": "Alex",
}

PROVIDERS = (
    "Dr Grace Lee",
    "Dr Owen Abara",
    "Kim Castellanos",
    "Dr Petra Vogel",
    "Dr Samir Rao",
    "Jude Larkin",
)
"""Every third one gives massages."""

PLACES = (
    ("Maple Street Chiropractic", "America/Chicago", "312", "Chicago", "IL", "60614"),
    ("Harbor Point Chiropractic", "America/New_York", "617", "Boston", "MA", "02110"),
    ("Front Range Chiropractic", "America/Denver", "303", "Denver", "CO", "80202"),
    ("Sunset Chiropractic", "America/Los_Angeles", "310", "Los Angeles", "CA", "90025"),
    ("Saguaro Chiropractic", "America/Phoenix", "602", "Phoenix", "AZ", "85004"),
    ("Plumeria Chiropractic", "Pacific/Honolulu", "808", "Honolulu", "HI", "96813"),
)

PAYERS = (
    "Blue Prairie Health",
    "Lakeshore Mutual",
    "Summit Choice",
    "Unity Care Plan",
    "Great Plains Benefit",
)

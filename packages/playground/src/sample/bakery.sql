CREATE TABLE product(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  price INTEGER NOT NULL -- in cents
);
INSERT INTO product(name, kind, price) VALUES
  ('Rye with caraway', 'bread', 540), ('Sourdough', 'bread', 620), ('Spelt loaf', 'bread', 680),
  ('Baguette', 'bread', 240), ('Walnut loaf', 'bread', 720), ('Roll', 'small', 55),
  ('Pretzel', 'small', 110), ('Croissant', 'small', 210), ('Cinnamon bun', 'sweet', 280),
  ('Plum tart', 'sweet', 390), ('Almond crescent', 'sweet', 320), ('Cheesecake, a slice', 'sweet', 410);

CREATE TABLE customer(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  since TEXT NOT NULL
);
INSERT INTO customer(name, since) VALUES
  ('Café am Markt', '2019-04-02'), ('Ada', '2021-11-13'), ('The school', '2020-09-01'),
  ('Jún', '2023-02-20'), ('Hotel Linde', '2018-06-15'), ('Noor', '2024-01-08');

CREATE TABLE sale(
  id INTEGER PRIMARY KEY,
  day TEXT NOT NULL,
  product INTEGER NOT NULL REFERENCES product(id),
  customer INTEGER REFERENCES customer(id), -- nobody we know: somebody who walked in
  count INTEGER NOT NULL CHECK (count > 0)
);
-- Two thousand sales that are the same in every browser.
WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 1999)
INSERT INTO sale(day, product, customer, count)
SELECT date('2026-01-05', printf('+%d days', n / 12)),
       1 + (n * 7919 + n / 5) % 12,
       CASE WHEN n % 3 = 0 THEN 1 + (n * 31) % 6 END,
       1 + (n * 104729 + n / 7) % CASE WHEN n % 12 < 5 THEN 6 ELSE 18 END
  FROM number;

CREATE INDEX sale_by_product ON sale(product);

CREATE VIEW day AS
SELECT sale.day, sum(sale.count) AS sold, sum(sale.count * product.price) / 100.0 AS euros
  FROM sale JOIN product ON product.id = sale.product
 GROUP BY sale.day;
